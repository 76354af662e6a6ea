import type { MachineShape } from '../catalogue/machine-type.ts'
import type { ImageName, MemberId, PoolName, TaskId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import type { TaskEndReason } from './task-end-reason.ts'
import type { TaskIsolation } from './task-isolation.ts'

/** An object (or, with a trailing `/`, a prefix) of the tenant's bucket, placed at `path` below the working folder. */
export type TaskInput = { readonly from: string; readonly path: string }

/** What to run: `program` and its arguments; the script is an object in the bucket so that rows stay small. */
export type TaskScript = {
  /** Key in the tenant's bucket. Inline scripts are stored there when the task is submitted. */
  readonly objectKey: string
  /** `python3` for Python frameworks, `/bin/sh` for `shell`. */
  readonly interpreter: string
}

export type TaskTerms = {
  readonly id: TaskId
  readonly tenantId: TenantId
  readonly createdBy: MemberId
  readonly createdAt: Instant
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly pool: PoolName
  readonly framework: string
  readonly image: ImageName
  readonly shape: MachineShape
  /** Null in what was stored before tasks said it: as is usual in the pool. */
  readonly isolation: TaskIsolation | null
  readonly script: TaskScript
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly inputs: readonly TaskInput[]
  /** Folder below the working folder whose content is uploaded on every exit. */
  readonly outputsPath: string
  /** Higher starts first; 0 … 100. */
  readonly priority: number
  readonly timeLimitMs: number
  /** How many runs have been started; names and fences their machines. */
  readonly attempt: number
  /** Price per hour that held when the task was submitted, in millionths. */
  readonly pricePerHourMicros: number
  readonly progress: TaskProgress | null
  readonly version: number
  readonly enteredStateAt: Instant
}

/** From a line `::progress 0.42 text` on standard output. */
export type TaskProgress = { readonly fraction: number; readonly text: string }

/** How the script ended inside the machine, as the agent saw it. */
export type TaskExit = { readonly code: number | null; readonly signal: string | null }

export type QueuedTask = TaskTerms & {
  readonly state: 'queued'
  readonly queueDeadlineAt: Instant
  /** Why it waits, in words for the renter; null when it has not been looked at. */
  readonly waitingFor: string | null
}
/** A machine is being made for it and its agent has not spoken yet. */
export type StartingTask = TaskTerms & {
  readonly state: 'starting'
  readonly startDeadlineAt: Instant
}
export type RunningTask = TaskTerms & {
  readonly state: 'running'
  readonly startedAt: Instant
  /** The platform ends the run then, whatever the guest does. */
  readonly runDeadlineAt: Instant
  readonly lastHeartbeatAt: Instant
}
/** The script is over or being ended; outputs are on their way; then the machine goes. */
export type EndingTask = TaskTerms & {
  readonly state: 'ending'
  readonly reason: TaskEndReason
  readonly startedAt: Instant | null
  readonly exit: TaskExit | null
  /** The agent said that everything is uploaded. */
  readonly outputsDone: boolean
  /** The machine is killed then, uploaded or not. */
  readonly graceEndsAt: Instant
}
export type EndedTask = TaskTerms & {
  readonly state: 'succeeded' | 'failed' | 'cancelled' | 'timed-out'
  readonly reason: TaskEndReason
  readonly startedAt: Instant | null
  readonly exit: TaskExit | null
  readonly endedAt: Instant
}

export type Task = QueuedTask | StartingTask | RunningTask | EndingTask | EndedTask
export type HoldingTask = StartingTask | RunningTask | EndingTask
export type LivingTask = HoldingTask | QueuedTask

export function isLivingTask(task: Task): task is LivingTask {
  return task.state === 'queued' || isHoldingTask(task)
}

/** The states in which a machine may exist. */
export function isHoldingTask(task: Task): task is HoldingTask {
  return task.state === 'starting' || task.state === 'running' || task.state === 'ending'
}

/** The part that every state shares, without the fields of the state it was in. */
export function taskTermsOf(task: Task): TaskTerms {
  const {
    id,
    tenantId,
    createdBy,
    createdAt,
    name,
    labels,
    pool,
    framework,
    image,
    shape,
    isolation,
    script,
    arguments: args,
    environment,
    inputs,
    outputsPath,
    priority,
    timeLimitMs,
    attempt,
    pricePerHourMicros,
    progress,
    version,
    enteredStateAt,
  } = task
  return {
    id,
    tenantId,
    createdBy,
    createdAt,
    name,
    labels,
    pool,
    framework,
    image,
    shape,
    isolation,
    script,
    arguments: args,
    environment,
    inputs,
    outputsPath,
    priority,
    timeLimitMs,
    attempt,
    pricePerHourMicros,
    progress,
    version,
    enteredStateAt,
  }
}
