import {
  DomainError,
  endTask,
  isLivingTask,
  type MemberId,
  type Task,
  type TaskId,
  type TenantId,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { TaskStore } from '../ports/task-store.ts'
import { shortageError } from '../quotas/shortage-error.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { findTask } from './find-task.ts'

export type TaskCommand = {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly taskId: TaskId
}
export type CancelTaskDeps = {
  readonly tasks: Pick<TaskStore, 'find' | 'replace'>
  readonly hints: JobHints
  readonly clock: Clock
  readonly rules: RentalRules
}
export type CancelTask = (command: TaskCommand) => Promise<Task>

/**
 * Ends a task in whatever state it is: queued at once, running with time to upload its outputs. A task
 * that has ended, or is ending for another reason, stays as it is.
 */
export function makeCancelTask({ tasks, hints, clock, rules }: CancelTaskDeps): CancelTask {
  return async ({ tenantId, memberId, taskId }) => {
    for (let attempt = 0; attempt < 8; attempt++) {
      const previous = await findTask(tasks, tenantId, taskId)
      if (!isLivingTask(previous)) return previous
      const next = endTask(previous, 'cancelled-by-tenant', clock.now(), rules.task.graceMs)
      if (next === previous) return previous
      const outcome = await tasks.replace(previous, next, {
        actor: { kind: 'member', id: memberId },
        claim: null,
      })
      if (outcome === 'lost-race') continue
      if (outcome !== 'replaced') throw shortageError(outcome)
      if (isLivingTask(next)) await hints.lookAtTask(taskId)
      return next
    }
    throw new DomainError(
      'conflict/changed-meanwhile',
      'The task keeps changing. Read it again and repeat the request.',
    )
  }
}
