import { DomainError } from '../errors/domain-error.ts'
import { assertNever } from '../shared/assert-never.ts'
import type { Instant } from '../shared/instant.ts'
import {
  type EndingTask,
  isLivingTask,
  type LivingTask,
  type QueuedTask,
  type RunningTask,
  type StartingTask,
  type Task,
  type TaskExit,
  taskTermsOf,
} from './task.ts'
import { type RunFailure, type TaskEndReason, taskEndReasons } from './task-end-reason.ts'

/** How long each waiting state may last, in milliseconds. */
export type TaskDeadlines = {
  readonly queueMs: number
  readonly startMs: number
  /** Without a sign from the agent for so long, the run is taken for lost. */
  readonly heartbeatMs: number
  /** How long outputs may take to upload once the script is over. */
  readonly graceMs: number
}

export type TaskAction = 'cancel'

export function taskActions(task: Task): readonly TaskAction[] {
  if (!isLivingTask(task)) return []
  return task.state === 'ending' ? [] : ['cancel']
}

/** Ends the run for `reason`. A queued task holds nothing and ends at once; an ending one keeps its first reason. */
export function endTask(
  task: LivingTask,
  reason: TaskEndReason,
  now: Instant,
  graceMs: number,
): Task {
  if (task.state === 'ending') return task
  const terms = { ...taskTermsOf(task), version: task.version + 1, enteredStateAt: now }
  if (task.state === 'queued')
    return {
      ...terms,
      state: taskEndReasons[reason],
      reason,
      startedAt: null,
      exit: null,
      endedAt: now,
    }
  const ending: EndingTask = {
    ...terms,
    state: 'ending',
    reason,
    startedAt: task.state === 'running' ? task.startedAt : null,
    exit: null,
    outputsDone: false,
    graceEndsAt: now + graceMs,
  }
  return ending
}

/** A place was found: the next run of this task is asked for, under an attempt of its own. */
export function startTask(task: QueuedTask, now: Instant, startMs: number): StartingTask {
  return {
    ...taskTermsOf(task),
    version: task.version + 1,
    enteredStateAt: now,
    state: 'starting',
    attempt: task.attempt + 1,
    progress: null,
    startDeadlineAt: now + startMs,
  }
}

/** The agent spoke for the first time: the time limit starts to count. */
export function beginRun(task: StartingTask, now: Instant): RunningTask {
  return {
    ...taskTermsOf(task),
    version: task.version + 1,
    enteredStateAt: now,
    state: 'running',
    startedAt: now,
    runDeadlineAt: now + task.timeLimitMs,
    lastHeartbeatAt: now,
  }
}

/**
 * The agent reports the end of the script, its outputs uploaded (or not, when `failure` says so).
 * The platform's own reason (cancelled, time limit) wins over the exit code it caused.
 */
export function finishRun(
  task: RunningTask | EndingTask,
  exit: TaskExit,
  failure: RunFailure | null,
  now: Instant,
  graceMs: number,
): EndingTask {
  const reason: TaskEndReason =
    task.state === 'ending'
      ? task.reason
      : (failure ?? (exit.code === 0 ? 'exited-zero' : 'exited-nonzero'))
  return {
    ...taskTermsOf(task),
    version: task.version + 1,
    enteredStateAt: task.state === 'ending' ? task.enteredStateAt : now,
    state: 'ending',
    reason,
    startedAt: task.startedAt,
    exit,
    outputsDone: true,
    graceEndsAt: now + graceMs,
  }
}

export function requireCancellable(task: Task): void {
  if (isLivingTask(task)) return
  throw new DomainError('task/action-not-possible', `The task has ended: ${task.state}.`, {
    state: task.state,
    action: 'cancel',
  })
}

/** The end state that follows from the reason. */
export function completeTask(task: EndingTask, now: Instant): Task {
  const terms = { ...taskTermsOf(task), version: task.version + 1, enteredStateAt: now }
  const { reason, startedAt, exit } = task
  const state = taskEndReasons[reason]
  switch (state) {
    case 'succeeded':
    case 'failed':
    case 'cancelled':
    case 'timed-out':
      return { ...terms, state, reason, startedAt, exit, endedAt: now }
    default:
      return assertNever(state)
  }
}
