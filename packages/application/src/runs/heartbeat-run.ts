import type { TaskEndReason, TaskProgress } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { TaskStore } from '../ports/task-store.ts'
import { type AuthenticateRunDeps, authenticateRun, requireUnderWay } from './authenticate-run.ts'

export type HeartbeatAnswer =
  | { readonly do: 'continue'; readonly reason: null }
  /** End the script, upload the outputs, finish. */
  | { readonly do: 'stop'; readonly reason: TaskEndReason }

export type HeartbeatRunDeps = AuthenticateRunDeps & {
  readonly tasks: Pick<TaskStore, 'noteHeartbeat'>
  readonly clock: Clock
}
export type HeartbeatRun = (
  credential: string,
  progress: TaskProgress | null,
) => Promise<HeartbeatAnswer>

/** A sign of life; the answer says whether to go on. */
export function makeHeartbeatRun(deps: HeartbeatRunDeps): HeartbeatRun {
  return async (credential, progress) => {
    const { task, attempt } = await authenticateRun(deps, credential)
    requireUnderWay(task)
    if (task.state === 'ending') return { do: 'stop', reason: task.reason }
    await deps.tasks.noteHeartbeat(task.id, attempt, deps.clock.now(), progress)
    return { do: 'continue', reason: null }
  }
}
