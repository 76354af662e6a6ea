import type { TenantId } from '@leasehold/domain'
import type { Page, PageRequest } from '../ports/page.ts'
import type { TaskFilter, TaskStore } from '../ports/task-store.ts'
import type { TaskReport } from './get-task.ts'

export type ListTasksDeps = { readonly tasks: Pick<TaskStore, 'list' | 'queuePosition'> }
export type ListTasks = (
  tenantId: TenantId,
  filter: TaskFilter,
  page: PageRequest,
) => Promise<Page<TaskReport>>

/** One page of a tenant's tasks, newest first. */
export function makeListTasks({ tasks }: ListTasksDeps): ListTasks {
  return async (tenantId, filter, request) => {
    const page = await tasks.list(tenantId, filter, request)
    const items = await Promise.all(
      page.items.map(async (task) => ({
        task,
        queuePosition:
          task.state === 'queued' ? await tasks.queuePosition(tenantId, task.id) : null,
      })),
    )
    return { items, next: page.next }
  }
}
