import { DomainError, type Member, type Tenant, type TenantId } from '@leasehold/domain'
import type { Page, PageRequest } from '../ports/page.ts'
import type { TenantStore } from '../ports/tenant-store.ts'

export type ReadTenantsDeps = { readonly tenants: Pick<TenantStore, 'find' | 'list' | 'members'> }

export type GetTenant = (id: TenantId) => Promise<Tenant>
export type ListTenants = (page: PageRequest) => Promise<Page<Tenant>>
export type ListMembers = (id: TenantId, page: PageRequest) => Promise<Page<Member>>

/** One tenant, for an operator. */
export function makeGetTenant({ tenants }: ReadTenantsDeps): GetTenant {
  return (id) => findTenant(tenants, id)
}

/** One page of all tenants, for an operator. */
export function makeListTenants({ tenants }: ReadTenantsDeps): ListTenants {
  return (page) => tenants.list(page)
}

/** The people of a tenant that we have seen, for an operator. */
export function makeListMembers({ tenants }: ReadTenantsDeps): ListMembers {
  return async (id, page) => {
    await findTenant(tenants, id)
    return tenants.members(id, page)
  }
}

/** The tenant, or `tenant/not-found`. */
export async function findTenant(
  tenants: Pick<TenantStore, 'find'>,
  id: TenantId,
): Promise<Tenant> {
  const tenant = await tenants.find(id)
  if (tenant === null) throw new DomainError('tenant/not-found', 'There is no such tenant.')
  return tenant
}
