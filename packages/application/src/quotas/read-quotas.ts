import type { Quota, TenantId } from '@leasehold/domain'
import type { QuotaLedger, TenantStore } from '../ports/tenant-store.ts'
import { findTenant } from '../tenants/read-tenants.ts'

export type ReadQuotasDeps = {
  readonly quotas: Pick<QuotaLedger, 'list' | 'findDrift'>
  readonly tenants: Pick<TenantStore, 'find'>
}
export type GetQuotas = (tenantId: TenantId) => Promise<readonly Quota[]>
export type FindQuotaDrift = () => Promise<Awaited<ReturnType<QuotaLedger['findDrift']>>>

/** Every limit of a tenant with what is used of it, by resource name. */
export function makeGetQuotas({ quotas, tenants }: ReadQuotasDeps): GetQuotas {
  return async (tenantId) => {
    const rows = await quotas.list(tenantId)
    if (rows.length === 0) await findTenant(tenants, tenantId)
    return rows
  }
}

/** Rows whose `used` is not what is held. Any row here is a bug. */
export function makeFindQuotaDrift({ quotas }: Pick<ReadQuotasDeps, 'quotas'>): FindQuotaDrift {
  return () => quotas.findDrift()
}
