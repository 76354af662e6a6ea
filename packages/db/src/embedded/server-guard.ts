import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@leasehold/application'

export type GuardParts = {
  readonly isRunning: (pid: number) => Promise<boolean>
  /** Starts the server where it was and gives its process; ends soon after the signal does. */
  readonly start: (signal: AbortSignal) => Promise<number>
  readonly log: Log
  readonly lookEveryMs?: number
}

export type ServerGuard = {
  /** Guards no longer, and gives the process that runs now. */
  release(): Promise<number>
}

const longestPauseMs = 5_000

/**
 * Looks every second whether the server still runs, and starts it again when it does not: the programs
 * on it wait and go on. Pauses longer each time while it does not come up, as on a full disk. A server
 * that merely stands still is left alone: it may hold what nobody else has.
 */
export function guardServer(
  first: number,
  { isRunning, start, log, lookEveryMs = 1_000 }: GuardParts,
): ServerGuard {
  const ending = new AbortController()
  const { signal } = ending
  let pid = first
  const watch = async () => {
    for (let pauseMs = lookEveryMs; ; ) {
      await delay(pauseMs, undefined, { signal, ref: false })
      if (await isRunning(pid)) continue
      log.error({ pid }, 'the embedded database died; starting it again')
      try {
        pid = await start(signal)
        pauseMs = lookEveryMs
        log.info({ pid }, 'the embedded database is back')
      } catch (error) {
        signal.throwIfAborted()
        pauseMs = Math.min(pauseMs * 2, longestPauseMs)
        const reason = error instanceof Error ? error.message : String(error)
        log.error({ reason, pauseMs }, 'the embedded database did not come back; trying again')
      }
    }
  }
  const watching = watch().catch(() => {})
  return {
    async release() {
      ending.abort()
      await watching
      return pid
    },
  }
}
