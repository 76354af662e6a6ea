import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'
import { type Static, Type } from 'typebox'

const id = <Branded extends string>() =>
  Type.Unsafe<Branded>(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$' }))

/**
 * Every job there is. A payload holds ids only: the handler reads today's truth. `timeoutMs` is when
 * the handler's signal aborts. No job is retried by the queue: the sweep finds what is still due.
 */
export const jobCatalogue = {
  'reconcile-lease': { payload: Type.Object({ leaseId: id<LeaseId>() }), timeoutMs: 60_000 },
  'reconcile-task': { payload: Type.Object({ taskId: id<TaskId>() }), timeoutMs: 60_000 },
  'admit-queued': { payload: Type.Object({ pool: id<PoolName>() }), timeoutMs: 30_000 },
  'ensure-tenant': { payload: Type.Object({ tenantId: id<TenantId>() }), timeoutMs: 60_000 },
} as const

export type JobName = keyof typeof jobCatalogue
export type JobPayload<Name extends JobName> = Static<(typeof jobCatalogue)[Name]['payload']>

export const jobNames = Object.keys(jobCatalogue) as readonly JobName[]
