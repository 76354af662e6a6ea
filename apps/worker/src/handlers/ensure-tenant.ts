import type { EnsureTenant } from '@leasehold/application'
import type { TenantId } from '@leasehold/domain'
import type { JobHandler } from '../jobs/job-handlers.ts'

export function makeEnsureTenantHandler(
  ensureTenant: EnsureTenant,
): JobHandler<{ readonly tenantId: TenantId }> {
  return async ({ tenantId }, signal, note) => {
    note({ result: await ensureTenant(tenantId, signal) })
  }
}
