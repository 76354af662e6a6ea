import { type Task, taskPaths } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import type { TaskLogStore } from '../ports/task-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { liveLog } from './task-log.ts'

export type SealTaskLogDeps = {
  readonly taskLogs: TaskLogStore
  readonly objects: Pick<ObjectStore, 'put' | 'head' | 'ensureBucket'>
}

/**
 * Puts the whole log of an ended run into the bucket and removes its rows. May be repeated after a crash
 * at any point: rows that are gone were stored before, and never overwrite what is there.
 */
export async function sealTaskLog(
  { taskLogs, objects }: SealTaskLogDeps,
  task: Task,
  signal: AbortSignal,
): Promise<void> {
  const bucket = bucketOf(task.tenantId)
  const path = taskPaths.log(task.id)
  const sizeBytes = await taskLogs.length(task.tenantId, task.id)
  const sealed = await objects.head(bucket, path, signal)
  const isSealed = sealed !== null && sealed.sizeBytes >= sizeBytes
  if (!isSealed) {
    await objects.ensureBucket(bucket, signal)
    const body = liveLog(taskLogs, task.tenantId, task.id)
    const facts = { sizeBytes, contentType: 'text/plain; charset=utf-8', sha256: null }
    await objects.put(bucket, path, body, facts, signal)
  }
  await taskLogs.remove(task.tenantId, task.id)
}
