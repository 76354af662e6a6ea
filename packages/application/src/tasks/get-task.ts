import type { Task, TaskId, TenantId } from '@leasehold/domain'
import type { TaskStore } from '../ports/task-store.ts'
import { findTask } from './find-task.ts'

/** `queuePosition` is 1 for the one that would start next; null when it does not wait or was not planned yet. */
export type TaskReport = { readonly task: Task; readonly queuePosition: number | null }

export type GetTaskDeps = { readonly tasks: Pick<TaskStore, 'find' | 'queuePosition'> }
export type GetTask = (tenantId: TenantId, taskId: TaskId) => Promise<TaskReport>

/** One task with its place in the queue. */
export function makeGetTask({ tasks }: GetTaskDeps): GetTask {
  return async (tenantId, taskId) => {
    const task = await findTask(tasks, tenantId, taskId)
    const queuePosition =
      task.state === 'queued' ? await tasks.queuePosition(tenantId, taskId) : null
    return { task, queuePosition }
  }
}
