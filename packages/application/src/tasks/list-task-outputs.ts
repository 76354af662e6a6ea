import { type TaskId, type TenantId, taskPaths } from '@leasehold/domain'
import { listObjects } from '../files/list-files.ts'
import type { ObjectStore, StoredObject } from '../ports/object-store.ts'
import type { Page, PageRequest } from '../ports/page.ts'
import type { TaskStore } from '../ports/task-store.ts'
import { findTask } from './find-task.ts'

export type ListTaskOutputsDeps = {
  readonly tasks: Pick<TaskStore, 'find'>
  readonly objects: Pick<ObjectStore, 'list'>
}
export type ListTaskOutputs = (
  tenantId: TenantId,
  taskId: TaskId,
  page: PageRequest,
  signal: AbortSignal,
) => Promise<Page<StoredObject>>

/** What a task uploaded so far, with whole paths in the bucket. */
export function makeListTaskOutputs({ tasks, objects }: ListTaskOutputsDeps): ListTaskOutputs {
  return async (tenantId, taskId, page, signal) => {
    await findTask(tasks, tenantId, taskId)
    return listObjects(objects, tenantId, taskPaths.outputs(taskId), page, signal)
  }
}
