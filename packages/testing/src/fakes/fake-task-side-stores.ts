import type { RunCredentialStore, TaskLogStore } from '@leasehold/application'
import { isLivingTask } from '@leasehold/domain'
import type { Memory } from './memory.ts'

const cutNote = '\n[log limit reached: the rest was dropped]\n'

export function fakeTaskLogStore(memory: Memory): TaskLogStore {
  const keyOf = (tenantId: string, id: string) => `${tenantId} ${id}`
  const read = (key: string) => memory.logs.get(key)?.bytes ?? new Uint8Array()
  return {
    async append(tenantId, id, offset, bytes, maxBytes) {
      const key = keyOf(tenantId, id)
      const log = memory.logs.get(key) ?? { bytes: new Uint8Array(), cut: false }
      const have = log.bytes.length
      if (log.cut || offset > have || offset + bytes.length <= have) return have
      const fresh = bytes.subarray(have - offset)
      const cut = have + fresh.length > maxBytes
      const kept = cut ? fresh.subarray(0, Math.max(0, maxBytes - have)) : fresh
      const note = cut ? Buffer.from(cutNote) : Buffer.alloc(0)
      const joined = new Uint8Array(Buffer.concat([log.bytes, kept, note]))
      memory.logs.set(key, { bytes: joined, cut })
      return joined.length
    },
    async read(tenantId, id, offset, maxBytes) {
      return read(keyOf(tenantId, id)).slice(offset, offset + maxBytes)
    },
    length: async (tenantId, id) => read(keyOf(tenantId, id)).length,
    async remove(tenantId, id) {
      memory.logs.delete(keyOf(tenantId, id))
    },
  }
}

export function fakeRunCredentialStore(memory: Memory): RunCredentialStore {
  return {
    async store(_tenantId, taskId, attempt, tokenHash) {
      memory.credentials.set(tokenHash, { taskId, attempt })
    },
    async resolve(tokenHash) {
      const found = memory.credentials.get(tokenHash)
      const task = found === undefined ? undefined : memory.tasks.get(found.taskId)?.item
      if (found === undefined || task === undefined) return null
      if (!isLivingTask(task) || task.attempt !== found.attempt) return null
      return { task, attempt: found.attempt }
    },
    async revoke(taskId) {
      for (const [hash, credential] of memory.credentials)
        if (credential.taskId === taskId) memory.credentials.delete(hash)
    },
  }
}
