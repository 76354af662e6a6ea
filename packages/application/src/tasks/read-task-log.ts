import { isLivingTask, type TaskId, type TenantId } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import type { TaskLogStore, TaskStore } from '../ports/task-store.ts'
import { findTask } from './find-task.ts'
import { liveLog, sealedLog } from './task-log.ts'

export type ReadTaskLogDeps = {
  readonly tasks: Pick<TaskStore, 'find'>
  readonly taskLogs: Pick<TaskLogStore, 'read'>
  readonly objects: Pick<ObjectStore, 'get'>
}
/** `sizeBytes` is null while the log grows. */
export type LogContent = {
  readonly sizeBytes: number | null
  readonly body: AsyncIterable<Uint8Array>
}
export type ReadTaskLog = (
  tenantId: TenantId,
  taskId: TaskId,
  signal: AbortSignal,
) => Promise<LogContent>

/** A task's whole output so far: from the rows while it lives, from the bucket once it is sealed. */
export function makeReadTaskLog({ tasks, taskLogs, objects }: ReadTaskLogDeps): ReadTaskLog {
  return async (tenantId, taskId, signal) => {
    const task = await findTask(tasks, tenantId, taskId)
    if (task.state !== 'ending' && isLivingTask(task))
      return { sizeBytes: null, body: liveLog(taskLogs, tenantId, taskId) }
    const sealed = await sealedLog(objects, tenantId, taskId, 0, signal)
    return sealed ?? { sizeBytes: null, body: liveLog(taskLogs, tenantId, taskId) }
  }
}
