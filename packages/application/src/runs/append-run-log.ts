import type { TaskLogStore } from '../ports/task-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type AuthenticateRunDeps, authenticateRun, requireUnderWay } from './authenticate-run.ts'

export type AppendRunLogDeps = AuthenticateRunDeps & {
  readonly taskLogs: Pick<TaskLogStore, 'append'>
  readonly rules: RentalRules
}
export type AppendRunLog = (
  credential: string,
  offset: number,
  bytes: Uint8Array,
) => Promise<{ readonly length: number }>

/** Adds output of the script. The answer says from where to go on: a piece sent twice counts once, a gap is not taken. */
export function makeAppendRunLog(deps: AppendRunLogDeps): AppendRunLog {
  return async (credential, offset, bytes) => {
    const { task } = await authenticateRun(deps, credential)
    requireUnderWay(task)
    const { maxLogBytes } = deps.rules.task
    const length = await deps.taskLogs.append(task.tenantId, task.id, offset, bytes, maxLogBytes)
    return { length }
  }
}
