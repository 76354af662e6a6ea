import { DomainError, finishRun, type RunFailure, type TaskExit } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { TaskStore } from '../ports/task-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type AuthenticateRunDeps, authenticateRun, notAccepting } from './authenticate-run.ts'

export type RunEnd = {
  readonly exit: TaskExit
  readonly failure: RunFailure | null
  /** Words for the renter; null when there is nothing to add. */
  readonly detail: string | null
}
export type FinishRunDeps = AuthenticateRunDeps & {
  readonly tasks: Pick<TaskStore, 'replace'>
  readonly hints: JobHints
  readonly clock: Clock
  readonly rules: RentalRules
}
export type FinishRun = (credential: string, end: RunEnd) => Promise<void>

/** The script is over and its outputs are where they will stay. Saying it again changes nothing. */
export function makeFinishRun(deps: FinishRunDeps): FinishRun {
  return async (credential, { exit, failure, detail }) => {
    for (let attempt = 0; attempt < 8; attempt++) {
      const { task } = await authenticateRun(deps, credential)
      if (task.state === 'ending' && task.outputsDone) return
      if (task.state !== 'running' && task.state !== 'ending') throw notAccepting(task)
      const { graceMs } = deps.rules.task
      const ending = finishRun(task, exit, failure, deps.clock.now(), graceMs)
      const outcome = await deps.tasks.replace(task, ending, {
        actor: { kind: 'platform', id: 'run-agent' },
        claim: null,
        detail,
      })
      if (outcome !== 'replaced') continue
      return deps.hints.lookAtTask(task.id)
    }
    throw new DomainError('conflict/changed-meanwhile', 'The task keeps changing. Say it again.')
  }
}
