/** Time and chance, so that tests can have their own. */
export type KubeTime = {
  /** Milliseconds since 1970; goes on evenly when the computer's clock is set. */
  now(): number
  /** Runs `act` once in `ms` milliseconds; the answer takes it back. */
  after(ms: number, act: () => void): () => void
  /** Evenly from 0 up to, not including, 1. */
  random(): number
}

export const realTime: KubeTime = {
  now: () => performance.timeOrigin + performance.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms)
    return () => clearTimeout(timer)
  },
  random: Math.random,
}

/** Waits; rejects with the signal's reason when it aborts first. */
export function waitFor(time: KubeTime, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const end = () => {
      takeBack()
      reject(signal.reason)
    }
    const takeBack = time.after(ms, () => {
      signal.removeEventListener('abort', end)
      resolve()
    })
    signal.addEventListener('abort', end, { once: true })
  })
}

/** How long to wait before the next attempt: evenly from 0 to a ceiling that doubles ("full jitter"). */
export function backOff(
  time: KubeTime,
  attempt: number,
  { firstMs, mostMs }: { firstMs: number; mostMs: number },
): number {
  return time.random() * Math.min(mostMs, firstMs * 2 ** Math.min(attempt, 20))
}
