import type { TaskId, TenantId } from '@leasehold/domain'
import type { TaskEvent, TaskStore } from '../ports/task-store.ts'
import { findTask } from './find-task.ts'

export type ListTaskEventsDeps = { readonly tasks: Pick<TaskStore, 'find' | 'events'> }
export type ListTaskEvents = (
  tenantId: TenantId,
  taskId: TaskId,
  afterSeq: number,
  limit: number,
) => Promise<readonly TaskEvent[]>

/** A task's history, oldest first, after the entry `afterSeq`. */
export function makeListTaskEvents({ tasks }: ListTaskEventsDeps): ListTaskEvents {
  return async (tenantId, taskId, afterSeq, limit) => {
    const events = await tasks.events(tenantId, taskId, afterSeq, limit)
    // Every task has events, so only an empty answer leaves open whether there is such a task.
    if (events.length === 0) await findTask(tasks, tenantId, taskId)
    return events
  }
}
