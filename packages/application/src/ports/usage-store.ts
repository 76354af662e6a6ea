import type { Instant, LeaseId, TaskId, TenantId, UsageInterval } from '@leasehold/domain'

export interface UsageStore {
  /** Intervals that touch `[from, to)`, oldest first, at most `limit`. */
  list(
    tenantId: TenantId,
    from: Instant,
    to: Instant,
    limit: number,
  ): Promise<readonly UsageInterval[]>
  /** All intervals of these leases and tasks, for a page of a list: one query. */
  ofHolders(
    tenantId: TenantId,
    ids: readonly (LeaseId | TaskId)[],
  ): Promise<readonly UsageInterval[]>
  ofHolder(tenantId: TenantId, id: LeaseId | TaskId): Promise<readonly UsageInterval[]>
}
