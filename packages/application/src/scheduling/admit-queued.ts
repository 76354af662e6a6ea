import {
  type Admission,
  amountsOfShape,
  type Candidate,
  leaseOccupies,
  type PoolName,
  planAdmissions,
  provisionLease,
  type Queued,
  type QueuedTask,
  startTask,
  subtractAmounts,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { IdempotencyStore } from '../ports/idempotency-store.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { PoolNodes } from '../ports/machine-driver.ts'
import type { Pools } from '../ports/pools.ts'
import type { TaskStore } from '../ports/task-store.ts'
import type { QuotaLedger } from '../ports/tenant-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { footprintOf } from './pool-fit.ts'
import { readPoolRoom } from './pool-room.ts'

export type AdmitQueuedDeps = {
  readonly leases: LeaseStore
  readonly tasks: TaskStore
  readonly quotas: Pick<QuotaLedger, 'listMany'>
  readonly pools: Pools
  /** Keeps the plan single: the claims of this store are atomic and outlive no one. */
  readonly idempotency: Pick<IdempotencyStore, 'claim' | 'abandon'>
  readonly hints: JobHints
  readonly clock: Clock
  readonly rules: RentalRules
}

export type AdmitReport = {
  readonly outcome: 'planned' | 'busy' | 'no-such-pool'
  readonly admitted: number
  readonly waiting: number
}
export type AdmitQueued = (pool: PoolName, signal: AbortSignal) => Promise<AdmitReport>

/** How much of the queue is looked at in one plan. */
const planSize = 500
const planMs = 30_000
const lockScope = 'platform'

/**
 * Decides who of a pool's queue starts now and moves them on; tells the others why they wait. One plan
 * per pool at a time, since two that read the same free room would give it away twice.
 */
export function makeAdmitQueued(deps: AdmitQueuedDeps): AdmitQueued {
  return async (name, signal) => {
    if (deps.pools.find(name) === null) return { outcome: 'no-such-pool', admitted: 0, waiting: 0 }
    const { idempotency, clock } = deps
    const startedAt = clock.now()
    const key = `admit-queued/${name}`
    const claim = await idempotency.claim(lockScope, key, key, startedAt, planMs)
    if (claim.kind !== 'new') return { outcome: 'busy', admitted: 0, waiting: 0 }
    try {
      return await planPool(deps, name, startedAt + planMs / 2, signal)
    } finally {
      // Past its time the plan may belong to someone else already.
      if (clock.now() < startedAt + planMs) await idempotency.abandon(lockScope, key)
    }
  }
}

async function planPool(
  deps: AdmitQueuedDeps,
  name: PoolName,
  until: number,
  signal: AbortSignal,
): Promise<AdmitReport> {
  const pool = deps.pools.find(name)
  const [leases, tasks] = await Promise.all([
    deps.leases.queuedIn(name, planSize),
    deps.tasks.queuedIn(name, planSize),
  ])
  if (pool === null || leases.length + tasks.length === 0)
    return { outcome: 'planned', admitted: 0, waiting: 0 }
  const room = await readPoolRoom(deps, pool, signal)
  const quotas = await deps.quotas.listMany([...new Set(tasks.map((task) => task.tenantId))])
  const candidates = [
    ...leases.map((lease) => leaseCandidate(lease, room.nodes)),
    ...tasks.map((task) => taskCandidate(task, room.nodes)),
  ]
  const plan = planAdmissions(candidates, { ...room, nodes: room.nodes?.nodes ?? null }, quotas)
  const rows = new Map<string, Queued | QueuedTask>(
    [...leases, ...tasks].map((row) => [row.id, row]),
  )
  let admitted = 0
  for (const admission of plan) {
    const row = rows.get(admission.candidate.id)
    // A plan that took too long is not carried out: the room it saw is no longer known.
    if (row === undefined || deps.clock.now() >= until) break
    if (admission.admit) admitted += (await admitOne(deps, row)) ? 1 : 0
    else await noteWaiting(deps, admission, row)
  }
  return { outcome: 'planned', admitted, waiting: plan.length - admitted }
}

/** A lease has held its quota since it was queued; a disk that it kept is in its pool already. */
function leaseCandidate(lease: Queued, nodes: PoolNodes | null): Candidate {
  return {
    kind: 'lease',
    id: lease.id,
    tenantId: lease.tenantId,
    priority: leasePriority,
    queuedAt: lease.enteredStateAt,
    needs: subtractAmounts(amountsOfShape(lease.shape), leaseOccupies(lease)),
    takesQuota: {},
    ...(nodes && { footprint: footprintOf(nodes, lease.shape, 'machine', lease) }),
  }
}

/** Someone waits in front of a lease; a task waits by itself. */
const leasePriority = 101

function taskCandidate(task: QueuedTask, nodes: PoolNodes | null): Candidate {
  const whose = { tenantId: task.tenantId, machineType: null, isolation: task.isolation }
  return {
    kind: 'task',
    id: task.id,
    tenantId: task.tenantId,
    priority: task.priority,
    queuedAt: task.enteredStateAt,
    needs: amountsOfShape(task.shape),
    takesQuota: subtractAmounts(amountsOfShape(task.shape), { 'queued-tasks': 1 }),
    ...(nodes && { footprint: footprintOf(nodes, task.shape, 'container', whose) }),
  }
}

async function admitOne(deps: AdmitQueuedDeps, row: Queued | QueuedTask): Promise<boolean> {
  const { leases, tasks, clock, rules, hints } = deps
  const by = { actor: { kind: 'platform', id: 'admit-queued' } as const, claim: null }
  if ('script' in row) {
    const next = startTask(row, clock.now(), rules.task.startMs)
    if ((await tasks.replace(row, next, by)) !== 'replaced') return false
    await hints.lookAtTask(row.id)
    return true
  }
  const next = provisionLease(row, clock.now(), rules.lease.bootMs)
  if ((await leases.replace(row, next, by)) !== 'replaced') return false
  await hints.lookAtLease(row.id)
  return true
}

async function noteWaiting(
  { leases, tasks }: AdmitQueuedDeps,
  { position, waitingFor }: Extract<Admission, { admit: false }>,
  row: Queued | QueuedTask,
): Promise<void> {
  if ('script' in row) return tasks.noteWaiting(row.id, position, waitingFor)
  if (row.waitingFor !== waitingFor) await leases.noteWaiting(row.id, waitingFor)
}
