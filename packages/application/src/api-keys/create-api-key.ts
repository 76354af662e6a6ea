import {
  type ApiKey,
  apiKeyText,
  DomainError,
  type MemberId,
  mayDo,
  type Permission,
  type ServiceAccountId,
  type TenantId,
} from '@leasehold/domain'
import type { ApiKeyStore } from '../ports/api-key-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import { noSuchAccount } from './service-accounts.ts'

/** Of one account, expired ones not counted: two for a change of keys, and some for programs that share it. */
const mostKeys = 20
const dayMs = 86_400_000

export type CreateApiKeyDeps = {
  readonly apiKeys: Pick<ApiKeyStore, 'addKey' | 'findAccount'>
  readonly ids: Pick<Ids, 'apiKeyId' | 'secret' | 'sha256'>
  readonly clock: Clock
}
export type CreateApiKey = (command: {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly accountId: ServiceAccountId
  readonly name: string
  readonly permissions: readonly Permission[] | null
  readonly expiresInDays: number
}) => Promise<{ readonly key: ApiKey; readonly text: string }>

/**
 * Makes a key; its text is known here and never again. Kept is the SHA-256 of the secret: 256 random
 * bits cannot be guessed, so a slow hash would cost every request something and protect nothing.
 */
export function makeCreateApiKey({ apiKeys, ids, clock }: CreateApiKeyDeps): CreateApiKey {
  return async ({ tenantId, memberId, accountId, name, permissions, expiresInDays }) => {
    const account = await apiKeys.findAccount(tenantId, accountId)
    if (account === null) throw noSuchAccount()
    const beyond = permissions?.find((permission) => !mayDo(account.role, permission))
    if (beyond !== undefined)
      throw new DomainError(
        'request/invalid',
        `The account's role ${account.role} does not allow ${beyond}. Leave it out, or use an account with another role.`,
        { permission: beyond, role: account.role },
        '/permissions',
      )
    const now = clock.now()
    const secret = ids.secret()
    const key: ApiKey = {
      id: ids.apiKeyId(),
      tenantId,
      accountId,
      name,
      permissions: permissions === null ? null : [...new Set(permissions)],
      createdAt: now,
      createdBy: memberId,
      expiresAt: now + expiresInDays * dayMs,
      lastUsedAt: null,
    }
    const actor = { kind: 'member', id: memberId } as const
    const outcome = await apiKeys.addKey(key, ids.sha256(secret), mostKeys, actor)
    if (outcome === 'no-account') throw noSuchAccount()
    if (outcome === 'added') return { key, text: apiKeyText(key.id, secret) }
    throw new DomainError(
      'api-key/too-many',
      `A service account has at most ${mostKeys} keys. Revoke one that is not used.`,
      { limit: mostKeys },
    )
  }
}
