import {
  assertNever,
  decideTask,
  detailOfRun,
  isLivingTask,
  type LivingTask,
  lookAgainAtTask,
  type RunSighting,
  type Task,
  type TaskId,
  type TaskStep,
} from '@leasehold/domain'
import type { ReconcileOutcome } from '../leases/reconcile-lease.ts'
import type { AccessSecrets } from '../ports/access-secrets.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { Claim } from '../ports/lease-store.ts'
import type { Pool, Pools } from '../ports/pools.ts'
import type { RunCredentialStore, TaskStore } from '../ports/task-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type SealTaskLogDeps, sealTaskLog } from './seal-task-log.ts'

export type ReconcileTaskDeps = SealTaskLogDeps & {
  readonly tasks: TaskStore
  readonly runCredentials: RunCredentialStore
  readonly pools: Pools
  readonly secrets: Pick<AccessSecrets, 'runCredential'>
  readonly hints: JobHints
  readonly ids: Pick<Ids, 'secret' | 'sha256'>
  readonly clock: Clock
  readonly rules: RentalRules
}
export type ReconcileTask = (id: TaskId, signal: AbortSignal) => Promise<ReconcileOutcome>

/** Takes one step towards the task's end. Safe to run twice, late, or beside itself. */
export function makeReconcileTask(deps: ReconcileTaskDeps): ReconcileTask {
  const { tasks, ids, clock, rules } = deps
  return async (id, signal) => {
    const now = clock.now()
    const claim: Claim = { token: ids.secret(), until: now + rules.claimMs }
    const task = await tasks.claim(id, claim.token, now, claim.until)
    if (task === null) return 'busy'
    try {
      const result = await step(deps, task, claim, signal)
      await tasks.unclaim(id, claim.token, result.lookAgainAt)
      await hintAfter(deps, task, result)
      return result.outcome
    } catch (error) {
      await tasks.unclaim(id, claim.token, clock.now() + retryMs)
      throw error
    }
  }
}

const retryMs = 2_000

type StepResult = {
  readonly outcome: ReconcileOutcome
  readonly lookAgainAt: number | null
  readonly moved: Task | null
}

async function step(
  deps: ReconcileTaskDeps,
  task: Task,
  claim: Claim,
  signal: AbortSignal,
  isSecondLook = false,
): Promise<StepResult> {
  if (!isLivingTask(task)) return { outcome: 'settled', lookAgainAt: null, moved: null }
  const pool = deps.pools.find(task.pool)
  const sighting = await look(pool, task, signal)
  const now = deps.clock.now()
  const decided = decideTask(task, sighting, now, deps.rules.task)
  const waiting: StepResult = {
    outcome: 'waiting',
    lookAgainAt: lookAgainAtTask(task, now),
    moved: null,
  }
  if (decided.do === 'wait') return waiting
  // A worker that was paused may have lost its claim without knowing: it must not act on the outside.
  if (now >= claim.until) return { ...waiting, outcome: 'lost-race' }
  if (decided.do === 'move') return move(deps, task, decided.to, claim, sighting)
  if (decided.do === 'seal-and-move') {
    // A machine that ended by itself has left its disk. Then nobody may add to a log that is being sealed.
    if (pool !== null) await pool.tasks.destroyRun(task.id, task.attempt, signal)
    await deps.runCredentials.revoke(task.id)
    await sealTaskLog(deps, task, signal)
    return move(deps, task, decided.to, claim, sighting)
  }
  if (pool === null) return waiting
  await act(deps, pool, task, decided, signal)
  const stepped: StepResult = { ...waiting, outcome: 'stepped' }
  // Most drivers destroy at once: another look now spares the renter the wait for the next one.
  if (decided.do !== 'destroy-run' || isSecondLook) return stepped
  const second = await step(deps, task, claim, signal, true)
  return second.outcome === 'waiting' ? stepped : second
}

/** A pool that is not open here cannot be seen, and nothing is asked about a task that is not placed. */
async function look(
  pool: Pool | null,
  task: LivingTask,
  signal: AbortSignal,
): Promise<RunSighting> {
  if (pool === null || task.state === 'queued') return { kind: 'unknown' }
  return pool.tasks.inspectRun(task.id, task.attempt, signal)
}

async function act(
  { runCredentials, secrets, ids }: ReconcileTaskDeps,
  pool: Pool,
  task: LivingTask,
  decided: Exclude<TaskStep, { do: 'wait' | 'move' | 'seal-and-move' }>,
  signal: AbortSignal,
): Promise<void> {
  const { id, tenantId, attempt, shape, image, timeLimitMs, isolation } = task
  switch (decided.do) {
    case 'start-run': {
      const credential = secrets.runCredential(id, attempt)
      await runCredentials.store(tenantId, id, attempt, ids.sha256(credential))
      const order = { taskId: id, tenantId, attempt, shape, image, credential, timeLimitMs }
      const asked = isolation === null ? {} : { isolation }
      return pool.tasks.startRun({ ...order, ...asked }, signal)
    }
    case 'destroy-run':
      return pool.tasks.destroyRun(id, attempt, signal)
    default:
      return assertNever(decided)
  }
}

async function move(
  { tasks, clock }: ReconcileTaskDeps,
  task: LivingTask,
  to: Task,
  claim: Claim,
  sighting: RunSighting,
): Promise<StepResult> {
  const outcome = await tasks.replace(task, to, {
    actor: { kind: 'platform', id: 'reconcile-task' },
    claim,
    detail: detailOfRun(sighting),
  })
  const now = clock.now()
  if (outcome !== 'replaced') return { outcome: 'lost-race', lookAgainAt: now, moved: null }
  return { outcome: 'stepped', lookAgainAt: lookAgainAtTask(to, now), moved: to }
}

async function hintAfter(
  { hints }: ReconcileTaskDeps,
  before: Task,
  { outcome, moved }: StepResult,
): Promise<void> {
  if (before.state === 'queued' && outcome === 'waiting') return hints.admitQueued(before.pool)
  if (outcome === 'lost-race') return hints.lookAtTask(before.id)
  if (moved === null) return
  // Leaving `ending` gives room back to those that wait.
  if (before.state === 'ending') await hints.admitQueued(before.pool)
  else if (isLivingTask(moved)) await hints.lookAtTask(before.id)
}
