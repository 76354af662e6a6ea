import { DomainError, type Task, type TaskId, type TenantId } from '@leasehold/domain'
import type { TaskStore } from '../ports/task-store.ts'

/** The task, or `task/not-found` in the same words for one of another tenant and one that never was. */
export async function findTask(
  tasks: Pick<TaskStore, 'find'>,
  tenantId: TenantId,
  id: TaskId,
): Promise<Task> {
  const task = await tasks.find(tenantId, id)
  if (task === null) throw new DomainError('task/not-found', 'There is no such task.')
  return task
}
