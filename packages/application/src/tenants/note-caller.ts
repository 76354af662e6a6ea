import {
  DomainError,
  type Instant,
  type MemberId,
  type MemberRole,
  type Permission,
  type Tenant,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import type { Caller } from '../ports/token-verifier.ts'
import { isFresh, remember } from '../remembered.ts'
import { type KnownTenantsDeps, makeKnownTenants } from './known-tenants.ts'

/** In whose name a request is made: the only source of a tenant id. */
export type TenantScope = {
  readonly tenant: Tenant
  readonly memberId: MemberId
  readonly role: MemberRole
  /** What an API key narrows the role to; null: all that the role allows. */
  readonly permissions: readonly Permission[] | null
}
export type NoteCallerDeps = {
  readonly tenants: KnownTenantsDeps['tenants'] & Pick<TenantStore, 'noteMember'>
  readonly clock: Clock
}
/** `slug` is the header that names a tenant, null without it. */
export type NoteCaller = (caller: Caller, slug: string | null) => Promise<TenantScope>

type Organization = Caller['organizations'][number]

const memberAgeMs = 60_000

/**
 * Finds the tenant that a caller acts in, and remembers the person. Throws `auth/forbidden` for someone
 * who belongs to no organization, `request/invalid` when several are possible and none was named, and
 * `tenant/not-found` for one they are not in or that does not exist: both in the same words. What is
 * read is kept for five seconds, so that a suspension takes at most that long. Whether a suspended
 * tenant may do something is for the caller of this to say (`requireActive`).
 */
export function makeNoteCaller({ tenants, clock }: NoteCallerDeps): NoteCaller {
  const known = makeKnownTenants({ tenants, clock })
  const noted = new Map<string, Instant>()

  return async (caller, slug) => {
    const organization = chooseOrganization(caller, slug)
    const tenant = await known.find(organization)
    if (tenant === null) throw unknownTenant()
    const memberId = caller.subject as MemberId
    const { role } = organization
    const permissions = caller.apiKey?.permissions ?? null
    // A program is no member: it has no row among the people.
    if (caller.apiKey !== undefined) return { tenant, memberId, role, permissions }
    const now = clock.now()
    const person = `${tenant.id} ${memberId} ${role}`
    const seen = noted.get(person)
    if (seen === undefined || !isFresh(seen, now, memberAgeMs)) {
      const { email, name } = caller
      await tenants.noteMember({
        tenantId: tenant.id,
        id: memberId,
        email,
        name,
        role,
        firstSeenAt: now,
        lastSeenAt: now,
      })
      remember(noted, person, now)
    }
    return { tenant, memberId, role, permissions }
  }
}

/** Refuses what a suspended tenant may not do: ask for anything new. */
export function requireActive(tenant: Tenant): void {
  if (tenant.suspended)
    throw new DomainError('tenant/suspended', 'The tenant is suspended. Ask the operator.')
}

function chooseOrganization(caller: Caller, slug: string | null): Organization {
  const { organizations } = caller
  const [first] = organizations
  if (first === undefined)
    throw new DomainError(
      'auth/forbidden',
      'You belong to no organization. Ask the owner of one to add you.',
    )
  if (slug !== null) {
    const named = organizations.find((organization) => organization.alias === slug)
    if (named === undefined) throw unknownTenant()
    return named
  }
  if (organizations.length === 1) return first
  const possible = organizations.map((organization) => organization.alias).join(', ')
  throw new DomainError(
    'request/invalid',
    `You belong to several tenants: name one with the header Leasehold-Tenant (${possible}).`,
    { possible },
  )
}

function unknownTenant(): DomainError {
  return new DomainError('tenant/not-found', 'There is no such tenant, or you are not in it.')
}
