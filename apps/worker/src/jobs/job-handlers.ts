import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'

/** Adds to the one wide line about a job. */
export type Note = (facts: object) => void

export type JobHandler<Payload> = (
  payload: Payload,
  signal: AbortSignal,
  note: Note,
) => Promise<void>

/** What the worker does for each kind of job. The queue's catalogue has the same names. */
export type JobHandlers = {
  readonly 'reconcile-lease': JobHandler<{ readonly leaseId: LeaseId }>
  readonly 'reconcile-task': JobHandler<{ readonly taskId: TaskId }>
  readonly 'admit-queued': JobHandler<{ readonly pool: PoolName }>
  readonly 'ensure-tenant': JobHandler<{ readonly tenantId: TenantId }>
}

export type JobName = keyof JobHandlers

/** Runs one job and tells the world about it. */
export type RunJob = (
  job: { readonly name: JobName; readonly id: string; readonly facts: object },
  work: (note: Note) => Promise<void>,
) => Promise<void>
