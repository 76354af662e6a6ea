import type { ReconcileLease } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import type { JobHandler } from '../jobs/job-handlers.ts'

export function makeReconcileLeaseHandler(
  reconcileLease: ReconcileLease,
): JobHandler<{ readonly leaseId: LeaseId }> {
  return async ({ leaseId }, signal, note) => {
    note({ result: await reconcileLease(leaseId, signal) })
  }
}
