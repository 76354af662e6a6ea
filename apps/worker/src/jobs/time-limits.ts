import { setTimeout as delay } from 'node:timers/promises'

export type TimeLimits = {
  /** How long a job may take that a sweep or a driver started. Shorter than a claim, so that a claim outlives its holder. */
  readonly directMs: number
  /** Runs `work` with a signal that aborts after `ms` or with `outer`, and stops waiting soon after. */
  within<Result>(
    ms: number,
    outer: AbortSignal,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result>
  /** Whether `work` settles within `ms`. */
  settles(work: Promise<unknown>, ms: number): Promise<boolean>
}

/** How long work may ignore its signal before its place is given away. */
const ignoredSignalMs = 5_000

export function makeTimeLimits(directMs: number): TimeLimits {
  return {
    directMs,
    async within(ms, outer, work) {
      const signal = AbortSignal.any([AbortSignal.timeout(ms), outer])
      const over = new AbortController()
      const tooLong = delay(ms + ignoredSignalMs, undefined, { signal: over.signal }).then(() => {
        throw new Error(`went on after its time limit of ${ms} ms`)
      })
      tooLong.catch(() => {})
      try {
        return await Promise.race([work(signal), tooLong])
      } finally {
        over.abort()
      }
    },
    async settles(work, ms) {
      const over = new AbortController()
      const timeUp = delay(ms, false, { signal: over.signal }).catch(() => false)
      try {
        return await Promise.race([
          work.then(
            () => true,
            () => true,
          ),
          timeUp,
        ])
      } finally {
        over.abort()
      }
    },
  }
}
