import type { Instant, LeaseId, TaskId, TenantId, UsageInterval } from '@leasehold/domain'

export interface UsageStore {
  /** Intervals that touch `[from, to)`, oldest first, at most `limit`. */
  list(
    tenantId: TenantId,
    from: Instant,
    to: Instant,
    limit: number,
  ): Promise<readonly UsageInterval[]>
  ofHolder(tenantId: TenantId, id: LeaseId | TaskId): Promise<readonly UsageInterval[]>
}
