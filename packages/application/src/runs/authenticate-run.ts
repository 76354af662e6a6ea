import { DomainError, type Task } from '@leasehold/domain'
import type { Ids } from '../ports/ids.ts'
import type { RunCredentialStore } from '../ports/task-store.ts'

export type AuthenticateRunDeps = {
  readonly runCredentials: Pick<RunCredentialStore, 'resolve'>
  readonly ids: Pick<Ids, 'sha256'>
}

/** Whose run it is that speaks; `run/credential-invalid` for a credential that is unknown, old or dead. */
export async function authenticateRun(
  { runCredentials, ids }: AuthenticateRunDeps,
  credential: string,
): Promise<{ readonly task: Task; readonly attempt: number }> {
  const found =
    credential.length > 0 && credential.length <= 256
      ? await runCredentials.resolve(ids.sha256(credential))
      : null
  if (found !== null) return found
  throw new DomainError('run/credential-invalid', 'This credential is not, or no longer, valid.')
}

/** Refuses what only a run that is under way may do. */
export function requireUnderWay(task: Task): void {
  if (task.state === 'running' || (task.state === 'ending' && task.startedAt !== null)) return
  throw notAccepting(task)
}

/** The run has not begun, or is over. */
export function notAccepting(task: Task): DomainError {
  return new DomainError('run/not-accepting', `The task is ${task.state}: nothing more is taken.`, {
    state: task.state,
  })
}
