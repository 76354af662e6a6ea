import { type Actor, type Amounts, entriesOf, type Quota, type TenantId } from '@leasehold/domain'
import type { JobHints } from '../ports/job-hints.ts'
import type { QuotaLedger, TenantStore } from '../ports/tenant-store.ts'
import { requireLimits } from '../tenants/create-tenant.ts'
import { findTenant } from '../tenants/read-tenants.ts'

export type SetQuotasDeps = {
  readonly quotas: Pick<QuotaLedger, 'list' | 'setLimit'>
  readonly tenants: Pick<TenantStore, 'find'>
  readonly hints: Pick<JobHints, 'ensureTenant'>
}
export type SetQuotas = (command: {
  readonly tenantId: TenantId
  /** Only the limits that change. */
  readonly limits: Amounts
  readonly actor: Actor
}) => Promise<readonly Quota[]>

/** Sets limits; pools with a quota of their own follow. Lower than what is used is allowed: it only stops new demands. */
export function makeSetQuotas({ quotas, tenants, hints }: SetQuotasDeps): SetQuotas {
  return async ({ tenantId, limits, actor }) => {
    await findTenant(tenants, tenantId)
    for (const [resource, limit] of entriesOf(requireLimits(limits)))
      await quotas.setLimit(tenantId, resource, limit, actor)
    await hints.ensureTenant(tenantId)
    return quotas.list(tenantId)
  }
}
