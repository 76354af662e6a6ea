import { assertNever } from '../shared/assert-never.ts'
import type { Instant } from '../shared/instant.ts'
import { completeTask, endTask, type TaskDeadlines } from './move-task.ts'
import type { EndingTask, LivingTask, RunningTask, StartingTask, Task } from './task.ts'
import type { TaskEndReason } from './task-end-reason.ts'

/** How a run's machine ended by itself, as far as its place can tell. */
export type RunLoss = {
  readonly reason: 'out-of-memory' | 'out-of-disk' | 'interrupted' | 'machine-lost'
  /** Words for the renter. */
  readonly detail: string
}

/** What a driver saw of one run's machine. Nothing may be concluded from `unknown`. */
export type RunSighting =
  /** `loss` only where there was a machine, it ended by itself, and the driver knows how. */
  | { readonly kind: 'absent'; readonly loss?: RunLoss }
  /** `obstacle`: what keeps it from coming up, in words for the renter; it may still go away. */
  | { readonly kind: 'present'; readonly obstacle?: string }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unknown' }

export type TaskStep =
  | { readonly do: 'wait' }
  | { readonly do: 'start-run' }
  /** Removes the run's machine and everything stored for it. */
  | { readonly do: 'destroy-run' }
  /** The machine is gone: put the whole log into the bucket, then move. */
  | { readonly do: 'seal-and-move'; readonly to: Task }
  | { readonly do: 'move'; readonly to: Task }

/** The next step towards the task's end, given what was seen and the time. Pure. */
export function decideTask(
  task: LivingTask,
  sighting: RunSighting,
  now: Instant,
  deadlines: TaskDeadlines,
): TaskStep {
  switch (task.state) {
    case 'queued':
      return now < task.queueDeadlineAt
        ? { do: 'wait' }
        : { do: 'move', to: endTask(task, 'queue-timed-out', now, deadlines.graceMs) }
    case 'starting':
      return decideStarting(task, sighting, now, deadlines)
    case 'running':
      return decideRunning(task, sighting, now, deadlines)
    case 'ending':
      return decideEnding(task, sighting, now)
    default:
      return assertNever(task)
  }
}

function decideStarting(
  task: StartingTask,
  sighting: RunSighting,
  now: Instant,
  { graceMs }: TaskDeadlines,
): TaskStep {
  if (sighting.kind === 'unknown') return { do: 'wait' }
  if (sighting.kind === 'refused')
    return { do: 'move', to: endTask(task, 'machine-refused', now, graceMs) }
  // Its machine is over before its agent spoke: another like it would be over too.
  if (sighting.kind === 'absent' && sighting.loss !== undefined)
    return { do: 'move', to: endTask(task, sighting.loss.reason, now, graceMs) }
  if (now >= task.startDeadlineAt)
    return { do: 'move', to: endTask(task, 'start-timed-out', now, graceMs) }
  return sighting.kind === 'absent' ? { do: 'start-run' } : { do: 'wait' }
}

function decideRunning(
  task: RunningTask,
  sighting: RunSighting,
  now: Instant,
  { graceMs, heartbeatMs }: TaskDeadlines,
): TaskStep {
  // The time limit is the platform's promise: it holds whether or not the driver can see.
  if (now >= task.runDeadlineAt)
    return { do: 'move', to: endTask(task, 'time-limit', now, graceMs) }
  if (sighting.kind === 'unknown') return { do: 'wait' }
  if (sighting.kind === 'absent')
    return { do: 'move', to: endTask(task, lossReason(sighting), now, graceMs) }
  if (now >= task.lastHeartbeatAt + heartbeatMs)
    return { do: 'move', to: endTask(task, 'agent-lost', now, graceMs) }
  return { do: 'wait' }
}

function lossReason({ loss }: Extract<RunSighting, { kind: 'absent' }>): TaskEndReason {
  return loss?.reason ?? 'machine-lost'
}

/** What a sighting says beyond its kind, for the history of the task; null when it says nothing. */
export function detailOfRun(sighting: RunSighting): string | null {
  switch (sighting.kind) {
    case 'refused':
      return sighting.detail
    case 'absent':
      return sighting.loss?.detail ?? null
    case 'present':
      return sighting.obstacle ?? null
    case 'unknown':
      return null
    default:
      return assertNever(sighting)
  }
}

function decideEnding(task: EndingTask, sighting: RunSighting, now: Instant): TaskStep {
  if (sighting.kind === 'unknown') return { do: 'wait' }
  if (sighting.kind === 'absent') return { do: 'seal-and-move', to: completeTask(task, now) }
  const neverSpoke = task.startedAt === null
  if (task.outputsDone || neverSpoke || now >= task.graceEndsAt) return { do: 'destroy-run' }
  return { do: 'wait' }
}

/** When the reconciler should look at the task again even if nobody tells it to. */
export function lookAgainAtTask(task: Task, now: Instant): Instant | null {
  switch (task.state) {
    case 'queued':
      return Math.min(now + (task.waitingFor === null ? 1_000 : 30_000), task.queueDeadlineAt)
    case 'starting':
    case 'ending':
      return now + 1_000
    case 'running':
      return Math.min(now + 15_000, task.runDeadlineAt)
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'timed-out':
      return null
    default:
      return assertNever(task)
  }
}
