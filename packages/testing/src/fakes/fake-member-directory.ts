import type { DirectoryMember, DirectoryTenant, MemberDirectory } from '@leasehold/application'
import { DomainError, type MemberId, type MemberRole } from '@leasehold/domain'

export type FakeMemberDirectory = MemberDirectory & {
  /** Tenant ids of the organizations that exist. */
  readonly organizations: ReadonlySet<string>
  /** As an administrator of the identity provider would. */
  join(tenant: Pick<DirectoryTenant, 'id'>, member: DirectoryMember): void
}

/** People of tenants, in memory. Whoever is added gets the part of the address before the @ as id. */
export function fakeMemberDirectory(): FakeMemberDirectory {
  const organizations = new Set<string>()
  const members = new Map<string, DirectoryMember>()
  const keyOf = ({ id: tenantId }: Pick<DirectoryTenant, 'id'>, id: MemberId) => `${tenantId} ${id}`
  const of = ({ id }: DirectoryTenant) =>
    [...members].filter(([key]) => key.startsWith(`${id} `)).map(([, member]) => member)
  const change = (tenant: DirectoryTenant, id: MemberId, role: MemberRole) => {
    const known = members.get(keyOf(tenant, id))
    if (known === undefined) return null
    const next = { ...known, role }
    members.set(keyOf(tenant, id), next)
    return next
  }
  return {
    organizations,
    join: (tenant, member) => void members.set(keyOf(tenant, member.id), member),
    async ensureOrganization(tenant) {
      organizations.add(tenant.id)
    },
    async list(tenant, { limit, cursor }) {
      const from = cursor === null ? 0 : Number(cursor)
      if (!Number.isSafeInteger(from) || from < 0)
        throw new DomainError('cursor/invalid', 'The cursor is not one of this list.')
      const all = of(tenant)
      const next = from + limit < all.length ? String(from + limit) : null
      return { items: all.slice(from, from + limit), next }
    },
    find: async (tenant, id) => members.get(keyOf(tenant, id)) ?? null,
    async add(tenant, { email, name, role }) {
      organizations.add(tenant.id)
      const known = of(tenant).find((member) => member.email === email)
      const id = known?.id ?? (email.replace(/@.*/, '') as MemberId)
      const member = known ?? { id, email, name, role, enabled: true }
      members.set(keyOf(tenant, id), { ...member, role })
      return {
        member: { ...member, role },
        notice: known === undefined ? 'not-sent' : 'not-needed',
      }
    },
    changeRole: async (tenant, id, role) => change(tenant, id, role),
    remove: async (tenant, id) => members.delete(keyOf(tenant, id)),
    countOwners: async (tenant) =>
      of(tenant).filter(({ role, enabled }) => role === 'owner' && enabled).length,
  }
}
