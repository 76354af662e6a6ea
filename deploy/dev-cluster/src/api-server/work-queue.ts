import { setTimeout as delay } from 'node:timers/promises'

export type WorkQueue = {
  /** Has the key handled soon; again, if it is being handled now. */
  add(key: string): void
}

const firstRetryMs = 500
const lastRetryMs = 15_000

/**
 * Handles keys, one call per key at a time. A key that fails is handled again, later each time;
 * `onError` hears of it.
 */
export function openWorkQueue(
  handle: (key: string) => Promise<void>,
  onError: (key: string, error: unknown) => void,
  signal: AbortSignal,
): WorkQueue {
  /** Keys at work; true: to be handled once more. */
  const atWork = new Map<string, boolean>()

  async function work(key: string): Promise<void> {
    let retryMs = firstRetryMs
    do {
      atWork.set(key, false)
      try {
        await handle(key)
        retryMs = firstRetryMs
      } catch (error) {
        if (signal.aborted) break
        onError(key, error)
        atWork.set(key, true)
        await delay(retryMs * (0.5 + Math.random()), undefined, { signal }).catch(() => undefined)
        retryMs = Math.min(retryMs * 2, lastRetryMs)
      }
    } while (atWork.get(key) === true && !signal.aborted)
    atWork.delete(key)
  }

  return {
    add(key) {
      if (atWork.has(key)) atWork.set(key, true)
      else void work(key)
    },
  }
}
