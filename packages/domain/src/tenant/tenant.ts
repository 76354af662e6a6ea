import type { MemberId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import type { NetworkRules } from './network.ts'

/** Sets default quotas and isolation strength. */
export const tiers = ['production', 'test', 'dev'] as const
export type Tier = (typeof tiers)[number]

export const memberRoles = ['owner', 'member', 'viewer', 'billing'] as const
export type MemberRole = (typeof memberRoles)[number]

/** Realm roles: they act for the platform, not for a tenant. */
export const operatorRoles = ['operator', 'admin'] as const
export type OperatorRole = (typeof operatorRoles)[number]

export type Tenant = {
  readonly id: TenantId
  /** Unique, `^[a-z][a-z0-9-]{1,38}[a-z0-9]$`; the organization's alias at the identity provider. */
  readonly slug: string
  readonly name: string
  readonly tier: Tier
  readonly suspended: boolean
  /** From where its API may be used. */
  readonly networks: NetworkRules
  readonly createdAt: Instant
  readonly version: number
}

/** A person in a tenant. Who they are comes from the identity provider; we keep what we have seen. */
export type Member = {
  readonly tenantId: TenantId
  readonly id: MemberId
  readonly email: string | null
  readonly name: string | null
  readonly role: MemberRole
  readonly firstSeenAt: Instant
  readonly lastSeenAt: Instant
}
