import type { KubeTime } from './kube-time.ts'

/** Something took longer than it may. */
export class TimeLimitExceeded extends Error {
  override readonly name = 'TimeLimitExceeded'
}

export type TimeLimit = {
  /** Aborts with the caller's signal, or when the time is over. */
  readonly signal: AbortSignal
  /** Starts the time again, from now, with this length. */
  restart(ms: number, what: string): void
  /** No time limit any more; the caller's signal goes on to end it. */
  lift(): void
  end(): void
}

/** A signal that ends with another one or in `ms` milliseconds; `end` it, so that nothing is left behind. */
export function limitTime(
  signal: AbortSignal,
  time: KubeTime,
  ms: number,
  what: string,
): TimeLimit {
  const controller = new AbortController()
  const follow = () => controller.abort(signal.reason)
  const arm = (limitMs: number, why: string) =>
    time.after(limitMs, () => controller.abort(new TimeLimitExceeded(why)))
  let takeBack = arm(ms, what)
  if (signal.aborted) follow()
  else signal.addEventListener('abort', follow, { once: true })
  return {
    signal: controller.signal,
    restart(limitMs, why) {
      takeBack()
      takeBack = arm(limitMs, why)
    },
    lift: () => takeBack(),
    end() {
      takeBack()
      signal.removeEventListener('abort', follow)
    },
  }
}
