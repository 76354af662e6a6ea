import type { TenancyDriver } from '@leasehold/application'
import type { Tenant, TenantId } from '@leasehold/domain'

/** `isUsed` says whether machines of a tenant exist. */
export function fakeTenancyDriver(
  isUsed: (id: TenantId) => boolean = () => false,
): TenancyDriver & { readonly tenants: ReadonlyMap<TenantId, Tenant> } {
  const tenants = new Map<TenantId, Tenant>()
  return {
    tenants,
    async ensureTenant(tenant) {
      tenants.set(tenant.id, tenant)
    },
    async removeTenant(id) {
      if (isUsed(id)) throw new Error(`${id} still has machines here`)
      tenants.delete(id)
    },
    inspectTenant: async (id) => (tenants.has(id) ? 'present' : 'absent'),
  }
}
