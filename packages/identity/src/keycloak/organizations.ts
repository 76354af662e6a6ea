import type { DirectoryTenant, Log } from '@leasehold/application'
import { DomainError, type MemberRole, memberRoles } from '@leasehold/domain'
import type { AdminClient } from './admin-client.ts'

type Organization = Readonly<Record<string, unknown>> & {
  readonly id: string
  readonly name: string
  readonly alias: string
}
type Group = { readonly id: string; readonly name: string }

/** Organizations of Keycloak that stand for tenants: those whose attribute `tenant_id` says so. */
export type Organizations = {
  /** Its id, null when the tenant has none. */
  find(tenant: DirectoryTenant): Promise<string | null>
  /** Makes it, or repairs name and groups; gives its id. */
  ensure(tenant: DirectoryTenant): Promise<string>
  /** Ids of the groups of our roles; other groups are somebody else's. */
  groups(organizationId: string): Promise<ReadonlyMap<MemberRole, string>>
}

/**
 * Names are unique in Keycloak and not here, so a tenant whose name is taken has its slug behind the
 * name. The alias is the slug and cannot be changed later, by nobody.
 */
export function makeOrganizations(admin: AdminClient, log: Log): Organizations {
  const find = async ({ id }: DirectoryTenant): Promise<string | null> => {
    const query = new URLSearchParams({ q: `tenant_id:${id}`, first: '0', max: '2' })
    const { body } = await admin.send('GET', `/organizations?${query}`)
    const [first, second] = listOf<Organization>(body)
    if (second !== undefined) log.error({ tenantId: id }, 'two organizations carry one tenant id')
    return first?.id ?? null
  }
  const groups = async (organizationId: string) => {
    const { body } = await admin.send('GET', `/organizations/${organizationId}/groups?max=200`)
    const named = listOf<Group>(body).map(({ name, id }) => [name as MemberRole, id] as const)
    return new Map(named.filter(([name]) => memberRoles.includes(name)))
  }
  const ensureGroups = async (organizationId: string) => {
    const present = await groups(organizationId)
    for (const name of memberRoles)
      if (!present.has(name))
        // 409: somebody else was quicker.
        await admin.send('POST', `/organizations/${organizationId}/groups`, { name })
  }
  return {
    find,
    groups,
    async ensure(tenant) {
      const known = await find(tenant)
      if (known !== null) await repairName(admin, known, tenant)
      const id = known ?? (await make(admin, tenant)) ?? (await find(tenant))
      if (id === null)
        throw new DomainError(
          'member/managed-elsewhere',
          `The identity provider has an organization ${tenant.slug} that is not this tenant’s. Its administrator must set the attribute tenant_id to ${tenant.id}, or remove it.`,
          { slug: tenant.slug },
        )
      await ensureGroups(id)
      return id
    },
  }
}

/** Null when the alias is taken. */
async function make(admin: AdminClient, tenant: DirectoryTenant): Promise<string | null> {
  for (const name of namesOf(tenant)) {
    const attributes = { tenant_id: [tenant.id] }
    const organization = { name, alias: tenant.slug, enabled: true, attributes }
    const { status, madeId } = await admin.send('POST', '/organizations', organization)
    if (status === 201) return madeId
  }
  return null
}

/** Whatever else is said of the organization stays as it is. */
async function repairName(admin: AdminClient, id: string, tenant: DirectoryTenant): Promise<void> {
  const { body } = await admin.send('GET', `/organizations/${id}`)
  const present = body as Organization | null
  const names = namesOf(tenant)
  if (present === null || names.includes(present.name)) return
  for (const name of names) {
    const { status } = await admin.send('PUT', `/organizations/${id}`, { ...present, name })
    if (status !== 409) return
  }
}

function namesOf({ name, slug }: DirectoryTenant): readonly string[] {
  return [name, `${name} (${slug})`]
}

/** Keycloak's lists; anything else counts as none. */
export function listOf<Item>(body: unknown): readonly Item[] {
  return Array.isArray(body) ? (body as Item[]) : []
}
