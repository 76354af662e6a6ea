import { isLivingTask, type TaskId, type TaskState, type TenantId } from '@leasehold/domain'
import type { Pause } from '../ports/pause.ts'
import { findTask } from './find-task.ts'
import type { ReadTaskLogDeps } from './read-task-log.ts'
import { logPieceBytes, sealedLog } from './task-log.ts'

/** `offset` is where `bytes` begin; the last one is `end`, with the length of the whole log. */
export type LogPiece =
  | { readonly kind: 'bytes'; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly lengthBytes: number; readonly state: TaskState }

export type FollowTaskLogDeps = ReadTaskLogDeps & { readonly pause: Pause }
export type FollowTaskLog = (
  tenantId: TenantId,
  taskId: TaskId,
  fromOffset: number,
  signal: AbortSignal,
) => Promise<AsyncIterable<LogPiece>>

const pollMs = 250
/** How many empty looks at the log pass before the task itself is looked at again. */
const looksPerTask = 4

/**
 * A task's output from a byte offset on, as it is written; ends when the task has ended and everything
 * was given. Looks at the store only while someone listens. Throws `task/not-found` before the first byte.
 */
export function makeFollowTaskLog(deps: FollowTaskLogDeps): FollowTaskLog {
  return async (tenantId, taskId, fromOffset, signal) => {
    await findTask(deps.tasks, tenantId, taskId)
    return follow(deps, tenantId, taskId, fromOffset, signal)
  }
}

async function* follow(
  deps: FollowTaskLogDeps,
  tenantId: TenantId,
  taskId: TaskId,
  fromOffset: number,
  signal: AbortSignal,
): AsyncGenerator<LogPiece> {
  const { tasks, taskLogs, objects, pause } = deps
  let offset = fromOffset
  for (let look = 0; !signal.aborted; look++) {
    // The task is read before the log: what it wrote last is in the rows once it has ended.
    const task = look % looksPerTask === 0 ? await findTask(tasks, tenantId, taskId) : null
    const bytes = await taskLogs.read(tenantId, taskId, offset, logPieceBytes)
    if (bytes.length > 0) {
      yield { kind: 'bytes', offset, bytes }
      offset += bytes.length
      look = -1
      continue
    }
    if (task !== null && !isLivingTask(task)) {
      const sealed = await sealedLog(objects, tenantId, taskId, offset, signal)
      for await (const piece of sealed?.body ?? []) {
        yield { kind: 'bytes', offset, bytes: piece }
        offset += piece.length
      }
      yield { kind: 'end', lengthBytes: sealed?.sizeBytes ?? offset, state: task.state }
      return
    }
    await pause(pollMs, signal)
  }
}
