import { type TaskId, type TenantId, taskPaths } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import type { TaskLogStore } from '../ports/task-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

/** How much of a log is in memory at once, per reader. */
export const logPieceBytes = 262_144

/** The rows of a log from `offset` to where it ends now, piece by piece. */
export async function* liveLog(
  taskLogs: Pick<TaskLogStore, 'read'>,
  tenantId: TenantId,
  id: TaskId,
  offset = 0,
): AsyncGenerator<Uint8Array> {
  for (let at = offset; ; ) {
    const piece = await taskLogs.read(tenantId, id, at, logPieceBytes)
    if (piece.length === 0) return
    yield piece
    at += piece.length
  }
}

/** The sealed log from `offset`; null when the log is not in the bucket. */
export async function sealedLog(
  objects: Pick<ObjectStore, 'get'>,
  tenantId: TenantId,
  id: TaskId,
  offset: number,
  signal: AbortSignal,
): Promise<{ readonly sizeBytes: number; readonly body: AsyncIterable<Uint8Array> } | null> {
  const found = await objects.get(bucketOf(tenantId), taskPaths.log(id), signal)
  if (found === null) return null
  return { sizeBytes: found.object.sizeBytes, body: skip(found.body, offset) }
}

async function* skip(body: AsyncIterable<Uint8Array>, bytes: number): AsyncGenerator<Uint8Array> {
  let left = bytes
  for await (const piece of body) {
    if (piece.length > left) yield left === 0 ? piece : piece.subarray(left)
    left = Math.max(0, left - piece.length)
  }
}
