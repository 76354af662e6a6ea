import type { MemberId, MemberRole, Tenant } from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

/** What the identity provider needs to know of a tenant. */
export type DirectoryTenant = Pick<Tenant, 'id' | 'slug' | 'name'>

/** A person of a tenant, as the identity provider knows them now. */
export type DirectoryMember = {
  readonly id: MemberId
  readonly email: string | null
  readonly name: string | null
  /** Null: they belong to the organization, and nobody said as what. They may do nothing. */
  readonly role: MemberRole | null
  /** False: they cannot sign in, whatever their role. */
  readonly enabled: boolean
}

export type NewMember = {
  /** In lower case. Whoever has this address is the person. */
  readonly email: string
  readonly name: string | null
  readonly role: MemberRole
}

export type AddedMember = {
  readonly member: DirectoryMember
  /**
   * Whether they were written to, so that they can choose a password: whoever has none yet is, each time they
   * are added. `unconfirmed`: nobody said in time whether the letter went out.
   */
  readonly notice: 'not-needed' | 'sent' | 'not-sent' | 'unconfirmed'
}

/**
 * The people of tenants, where they really are: at the identity provider. Every call may be repeated.
 * Only what belongs to Leasehold is changed: the organization that carries the tenant's id, the groups
 * of its roles, and who is in them. Nobody is ever deleted. Throws `service/unavailable` when the
 * identity provider does not answer or does not let Leasehold do this, and `member/managed-elsewhere`
 * when it has an organization of this name that is not the tenant's.
 */
export interface MemberDirectory {
  /** Makes the tenant's organization, or repairs its name and groups. */
  ensureOrganization(tenant: DirectoryTenant): Promise<void>
  list(tenant: DirectoryTenant, page: PageRequest): Promise<Page<DirectoryMember>>
  find(tenant: DirectoryTenant, id: MemberId): Promise<DirectoryMember | null>
  /** Gives a person a role, makes them known when nobody has the address, and makes the organization when it is missing. */
  add(tenant: DirectoryTenant, member: NewMember): Promise<AddedMember>
  /** Null when they are not in the tenant. */
  changeRole(
    tenant: DirectoryTenant,
    id: MemberId,
    role: MemberRole,
  ): Promise<DirectoryMember | null>
  /** `false` when they were not in the tenant. They stay known, and in other tenants. */
  remove(tenant: DirectoryTenant, id: MemberId): Promise<boolean>
  /** How many people can act as owner. */
  countOwners(tenant: DirectoryTenant): Promise<number>
}
