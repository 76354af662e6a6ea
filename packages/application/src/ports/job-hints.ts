import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'

/**
 * "Look at this row now." Losing one loses nothing: the sweep finds the row. So none of these throws:
 * a queue that is down is logged and left to the sweep. Two hints for the same row may become one,
 * but a hint given while the row is being worked on causes another look afterwards.
 */
export interface JobHints {
  lookAtLease(id: LeaseId): Promise<void>
  lookAtTask(id: TaskId): Promise<void>
  admitQueued(pool: PoolName): Promise<void>
  ensureTenant(id: TenantId): Promise<void>
}
