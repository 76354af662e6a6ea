import { createConnection } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import type { LeaseId } from '@leasehold/domain'

const lookEveryMs = 1_000
/** Longer than any boot deadline: a machine that answers so late is found by the sweep. */
const lookAtMostMs = 15 * 60_000

export type MachineWatch = {
  /** Follows a machine from now on: tells when it first answers and when its process ends. */
  follow(id: LeaseId): void
  /** Ends with the signal. */
  listen(onChange: (id: LeaseId) => void, signal: AbortSignal): Promise<void>
  /** Tells the listeners that something may have changed. */
  tell(id: LeaseId): void
  close(): void
}

export type MachineWatchParts = {
  readonly watchSocketOf: (id: LeaseId) => string
  /** Whether the machine answers by now. */
  readonly isReady: (id: LeaseId, signal: AbortSignal) => Promise<boolean>
}

/**
 * Nothing polls while machines are idle: the end of a process is seen by the end of a connection to
 * it, which works for processes that an earlier run of ours started, too. Only booting machines are looked at.
 */
export function makeMachineWatch({ watchSocketOf, isReady }: MachineWatchParts): MachineWatch {
  const listeners = new Set<(id: LeaseId) => void>()
  const followed = new Set<LeaseId>()
  const closing = new AbortController()
  const tell = (id: LeaseId) => {
    for (const listener of [...listeners]) listener(id)
  }
  const followOnce = async (id: LeaseId) => {
    const ended = new AbortController()
    const signal = AbortSignal.any([ended.signal, closing.signal])
    const ready = untilReady(id, isReady, signal).then((answers) => answers && tell(id))
    await untilEnded(watchSocketOf(id), closing.signal)
    ended.abort()
    await ready
  }
  return {
    tell,
    follow: (id) => {
      if (followed.has(id) || closing.signal.aborted) return
      followed.add(id)
      void followOnce(id).finally(() => {
        followed.delete(id)
        tell(id)
      })
    },
    listen: async (onChange, signal) => {
      const ends = AbortSignal.any([signal, closing.signal])
      if (ends.aborted) return
      listeners.add(onChange)
      await new Promise((resolve) => ends.addEventListener('abort', resolve, { once: true }))
      listeners.delete(onChange)
    },
    close: () => closing.abort(),
  }
}

async function untilReady(
  id: LeaseId,
  isReady: MachineWatchParts['isReady'],
  signal: AbortSignal,
): Promise<boolean> {
  const deadline = Date.now() + lookAtMostMs
  while (!signal.aborted && Date.now() < deadline) {
    if (await isReady(id, signal).catch(() => false)) return true
    await pause(lookEveryMs, undefined, { signal }).catch(() => {})
  }
  return false
}

/** Resolves when the process behind a monitor's socket has ended, or cannot be reached at all. */
function untilEnded(socketPath: string, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  const socket = createConnection(socketPath)
  return new Promise((resolve) => {
    const end = () => socket.destroy()
    signal.addEventListener('abort', end, { once: true })
    socket.on('error', () => {})
    // What QEMU says here is not for us; unread it would fill its buffer.
    socket.resume()
    socket.once('close', () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
  })
}
