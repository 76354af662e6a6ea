import type { Lease } from '../lease/lease.ts'
import type { LeaseId, TaskId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import type { Task } from '../task/task.ts'

/** Time during which one lease or task had a machine, and the price that held. `endedAt` null: still running. */
export type UsageInterval = {
  readonly tenantId: TenantId
  readonly holder:
    | { readonly kind: 'lease'; readonly id: LeaseId }
    | { readonly kind: 'task'; readonly id: TaskId }
  readonly startedAt: Instant
  readonly endedAt: Instant | null
  readonly pricePerHourMicros: number
}

export type UsageChange = 'opens' | 'closes' | 'none'

/** A lease is billed while it is ready. */
export function usageChangeOfLease(previous: Lease, next: Lease): UsageChange {
  return change(previous.state === 'ready', next.state === 'ready')
}

/** A task is billed while it runs. */
export function usageChangeOfTask(previous: Task, next: Task): UsageChange {
  return change(previous.state === 'running', next.state === 'running')
}

/** Cost in millionths of the currency unit, rounded down to whole millionths, billed by the second begun. */
export function costMicros(interval: UsageInterval, now: Instant): number {
  return Math.floor((usageSeconds(interval, now) * interval.pricePerHourMicros) / 3_600)
}

export function usageSeconds(interval: UsageInterval, now: Instant): number {
  return Math.ceil(Math.max(0, (interval.endedAt ?? now) - interval.startedAt) / 1_000)
}

function change(before: boolean, after: boolean): UsageChange {
  if (before === after) return 'none'
  return after ? 'opens' : 'closes'
}
