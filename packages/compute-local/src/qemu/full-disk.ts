import { setTimeout as pause } from 'node:timers/promises'
import type { Log } from '@leasehold/application'
import { openQmp, QmpUnavailable } from './qmp.ts'

export type FullDiskGuard = {
  /**
   * Whether a machine stands still because this host had no room for what it wrote. Its write waits, so
   * nothing is lost: it is tried again every few seconds, and the machine goes on when it succeeds.
   */
  standsStill(id: string, qmpSocketPath: string, signal: AbortSignal): Promise<boolean>
  close(): void
}

const tryAgainMs = 3_000

/**
 * QEMU stops a machine whose disk cannot grow (`werror=enospc`, its default) with the status `io-error`;
 * `cont` writes again. `onMoved` hears of the machine when it goes on or has ended.
 */
export function makeFullDiskGuard(
  log: Log,
  onMoved: (id: string) => void,
  everyMs = tryAgainMs,
): FullDiskGuard {
  const waiting = new Set<string>()
  const closing = new AbortController()
  const wake = async (id: string, qmpSocketPath: string) => {
    const { signal } = closing
    try {
      do await pause(everyMs, undefined, { signal })
      while (await lacksRoom(qmpSocketPath, signal, 'cont'))
      log.info({ machine: id }, 'the machine goes on')
    } catch {
      // It ended, or we do: whoever looks at it next sees which.
    }
    waiting.delete(id)
    onMoved(id)
  }
  return {
    async standsStill(id, qmpSocketPath, signal) {
      if (waiting.has(id)) return true
      if (!(await lacksRoom(qmpSocketPath, signal))) return false
      if (waiting.has(id)) return true
      waiting.add(id)
      log.error({ machine: id }, 'a machine stands still: the disk of this host is full; make room')
      void wake(id, qmpSocketPath)
      return true
    },
    close: () => closing.abort(),
  }
}

/** Asks the monitor, and with `cont` lets the machine try again. A monitor that is busy or gone says nothing. */
async function lacksRoom(
  qmpSocketPath: string,
  signal: AbortSignal,
  then?: 'cont',
): Promise<boolean> {
  try {
    const qmp = await openQmp(qmpSocketPath, { signal, timeoutMs: 2_000 })
    try {
      const { status } = (await qmp.execute('query-status')) as { status?: string }
      if (status === 'io-error' && then === 'cont') await qmp.execute('cont')
      return status === 'io-error'
    } finally {
      qmp.close()
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (error instanceof QmpUnavailable || code === 'ENOENT' || code === 'ECONNREFUSED')
      return false
    throw error
  }
}
