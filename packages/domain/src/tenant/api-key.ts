import type { ApiKeyId, MemberId, ServiceAccountId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import type { Permission } from './permissions.ts'

/** Whoever programs act as. Never `owner`: a key cannot make keys or people. */
export const serviceAccountRoles = ['member', 'viewer', 'billing'] as const
export type ServiceAccountRole = (typeof serviceAccountRoles)[number]

/** A program of a tenant's. It stays when the person who made it goes. */
export type ServiceAccount = {
  readonly id: ServiceAccountId
  readonly tenantId: TenantId
  /** Unique within the tenant. */
  readonly name: string
  readonly role: ServiceAccountRole
  readonly createdAt: Instant
  readonly createdBy: MemberId
}

/** One secret of a service account. The secret itself is kept nowhere. */
export type ApiKey = {
  readonly id: ApiKeyId
  readonly tenantId: TenantId
  readonly accountId: ServiceAccountId
  readonly name: string
  /** Narrows what the account's role allows; null: all of it. */
  readonly permissions: readonly Permission[] | null
  readonly createdAt: Instant
  readonly createdBy: MemberId
  readonly expiresAt: Instant
  /** To the minute; null: never. */
  readonly lastUsedAt: Instant | null
}

const prefix = 'lsh_'
const secretLength = 43

/** `lsh_<id without apk_>_<secret>`: scanners for leaked secrets know it by its prefix, we find it by its id. */
export function apiKeyText(id: ApiKeyId, secret: string): string {
  return `${prefix}${id.slice('apk_'.length)}_${secret}`
}

/** Whether a bearer token claims to be an API key. */
export function isApiKeyText(token: string): boolean {
  return token.startsWith(prefix)
}

/** The id and secret in a key; null for whatever `apiKeyText` does not write. */
export function parseApiKeyText(
  text: string,
): { readonly id: ApiKeyId; readonly secret: string } | null {
  const match = /^lsh_([a-z0-9]{1,32})_([A-Za-z0-9_-]+)$/.exec(text)
  const [, id, secret] = match ?? []
  if (id === undefined || secret?.length !== secretLength) return null
  return { id: `apk_${id}` as ApiKeyId, secret }
}
