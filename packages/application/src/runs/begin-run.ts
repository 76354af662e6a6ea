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
import {
  type RunInput,
  type RunManifest,
  readManifest,
  resolveInputs,
  storeManifest,
} from './run-inputs.ts'

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
export type BeginRun = (
  credential: string,
  signal: AbortSignal,
  instance?: string | null,
) => Promise<RunBriefing>

const platform = { kind: 'platform', id: 'run-agent' } as const

/**
 * The agent of a machine speaks for the first time: the task runs and its time limit counts. An agent
 * that lost the answer may ask again. A missing input ends the task instead. `instance` is the agent's own
 * random word: where a cluster puts a second pod in the place of one that had begun, its agent is turned away,
 * because a script never runs twice in one attempt.
 */
export function makeBeginRun(deps: BeginRunDeps): BeginRun {
  return async (credential, signal, instance = null) => {
    const { task } = await authenticateRun(deps, credential)
    if (task.state === 'running') return beginAgain(deps, task, instance, signal)
    if (task.state !== 'starting') throw notAccepting(task)
    const inputs = await resolveInputs(deps.objects, task, deps.rules.task.maxInputFiles, signal)
    if (inputs.kind === 'missing') return refuse(deps, task, inputs.detail)
    await storeManifest(deps.objects, task, { files: inputs.files, instance }, signal)
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

async function beginAgain(
  deps: BeginRunDeps,
  task: Task,
  instance: string | null,
  signal: AbortSignal,
): Promise<RunBriefing> {
  const none: RunManifest = { files: [], instance: null }
  const begun = (await readManifest(deps.objects, task, signal)) ?? none
  if (begun.instance !== null && instance !== null && begun.instance !== instance)
    throw notAccepting(task)
  return briefing(deps, task, begun.files)
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
