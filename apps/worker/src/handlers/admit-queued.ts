import type { AdmitQueued } from '@leasehold/application'
import type { PoolName } from '@leasehold/domain'
import type { JobHandler } from '../jobs/job-handlers.ts'

export function makeAdmitQueuedHandler(
  admitQueued: AdmitQueued,
): JobHandler<{ readonly pool: PoolName }> {
  return async ({ pool }, signal, note) => {
    const { outcome, admitted, waiting } = await admitQueued(pool, signal)
    note({ result: admitted > 0 ? 'stepped' : outcome, admitted, waiting })
  }
}
