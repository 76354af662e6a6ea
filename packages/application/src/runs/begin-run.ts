import {
  beginRun,
  endTask,
  type Instant,
  type StartingTask,
  type Task,
  type TaskId,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { TaskStore } from '../ports/task-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type AuthenticateRunDeps, authenticateRun, notAccepting } from './authenticate-run.ts'
import { type RunInput, readManifest, resolveInputs, storeManifest } from './run-inputs.ts'

/** Everything the agent needs to know before it asks for the script. */
export type RunBriefing = {
  readonly taskId: TaskId
  readonly attempt: number
  readonly interpreter: string
  readonly arguments: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  readonly inputs: readonly {
    readonly index: number
    readonly path: string
    readonly sizeBytes: number
  }[]
  readonly outputsPath: string
  readonly heartbeatSeconds: number
  /** So that a machine from a snapshot can set its clock. */
  readonly now: Instant
}

export type BeginRunDeps = AuthenticateRunDeps & {
  readonly tasks: Pick<TaskStore, 'replace' | 'findAnyTenant'>
  readonly objects: Pick<ObjectStore, 'head' | 'list' | 'put' | 'get'>
  readonly hints: JobHints
  readonly clock: Clock
  readonly rules: RentalRules
}
export type BeginRun = (credential: string, signal: AbortSignal) => Promise<RunBriefing>

const platform = { kind: 'platform', id: 'run-agent' } as const

/**
 * The agent of a machine speaks for the first time: the task runs and its time limit counts. An agent
 * that lost the answer may ask again. A missing input ends the task instead.
 */
export function makeBeginRun(deps: BeginRunDeps): BeginRun {
  return async (credential, signal) => {
    const { task } = await authenticateRun(deps, credential)
    if (task.state === 'running') return briefing(deps, task, await readAgain(deps, task, signal))
    if (task.state !== 'starting') throw notAccepting(task)
    const inputs = await resolveInputs(deps.objects, task, deps.rules.task.maxInputFiles, signal)
    if (inputs.kind === 'missing') return refuse(deps, task, inputs.detail)
    await storeManifest(deps.objects, task, inputs.files, signal)
    const running = beginRun(task, deps.clock.now())
    const outcome = await deps.tasks.replace(task, running, { actor: platform, claim: null })
    if (outcome === 'replaced') return briefing(deps, running, inputs.files)
    // Someone was first: this agent's own earlier request, or an end.
    const now = await deps.tasks.findAnyTenant(task.id)
    if (now?.state === 'running' && now.attempt === task.attempt)
      return briefing(deps, now, inputs.files)
    throw notAccepting(now ?? task)
  }
}

async function readAgain(
  { objects }: BeginRunDeps,
  task: Task,
  signal: AbortSignal,
): Promise<readonly RunInput[]> {
  return (await readManifest(objects, task, signal)) ?? []
}

async function refuse(
  { tasks, hints, clock, rules }: BeginRunDeps,
  task: StartingTask,
  detail: string,
): Promise<never> {
  const ending = endTask(task, 'input-missing', clock.now(), rules.task.graceMs)
  const outcome = await tasks.replace(task, ending, { actor: platform, claim: null, detail })
  await hints.lookAtTask(task.id)
  throw notAccepting(outcome === 'replaced' ? ending : task)
}

function briefing(
  { clock, rules }: BeginRunDeps,
  task: Task,
  files: readonly RunInput[],
): RunBriefing {
  return {
    taskId: task.id,
    attempt: task.attempt,
    interpreter: task.script.interpreter,
    arguments: task.arguments,
    environment: task.environment,
    inputs: files.map(({ path, sizeBytes }, index) => ({ index, path, sizeBytes })),
    outputsPath: task.outputsPath,
    heartbeatSeconds: Math.ceil(rules.task.agentHeartbeatMs / 1_000),
    now: clock.now(),
  }
}
