import type { Tenant, TenantId } from '@leasehold/domain'

/** What a tenant needs in a pool before anything of theirs may run there (a folder, a namespace, policies). */
export interface TenancyDriver {
  /** Creates what is missing and repairs what differs. */
  ensureTenant(tenant: Tenant, signal: AbortSignal): Promise<void>
  /** Removes all of it. Refuses (throws) while machines of the tenant exist. */
  removeTenant(id: TenantId, signal: AbortSignal): Promise<void>
  inspectTenant(id: TenantId, signal: AbortSignal): Promise<'present' | 'absent' | 'unknown'>
}
