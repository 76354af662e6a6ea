import { setTimeout as delay } from 'node:timers/promises'

export type WaitOptions = {
  readonly withinMs: number
  readonly signal: AbortSignal
  readonly everyMs?: number
}

/**
 * Asks `check` again and again until it returns something other than null, undefined or false, and
 * returns that. Errors of `check` count as not yet; the last one is told when time is up.
 *
 * @param what ends the sentence "waited in vain for …"
 */
export async function waitUntil<T>(
  what: string,
  check: () => Promise<T | null | undefined | false>,
  { withinMs, signal, everyMs = 150 }: WaitOptions,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last = ''
  for (;;) {
    try {
      const found = await check()
      if (found !== null && found !== undefined && found !== false) return found
      last = ''
    } catch (error) {
      signal.throwIfAborted()
      last = `: ${(error as Error).message}`
    }
    if (performance.now() > deadline)
      throw new Error(`Waited ${withinMs / 1_000} s in vain for ${what}${last}`)
    await delay(everyMs, undefined, { signal })
  }
}
