import { KubeError, KubeUnavailable } from './kube-error.ts'
import { backOff, type KubeTime, waitFor } from './kube-time.ts'
import { NoAnswer } from './transport.ts'

/**
 * `always`: may be done twice. `when-not-done`: only after an attempt that surely did nothing. `never`: not at all.
 */
export type RetryRule = 'always' | 'when-not-done' | 'never'

export type RetrySettings = {
  readonly mostAttempts?: number
  readonly firstMs?: number
  readonly mostMs?: number
}

export type Retries = {
  /**
   * Calls `attempt` until it succeeds, fails for good, or it is time to give up. `isUnsure` tells an attempt that
   * one before it may have been done.
   */
  run<T>(
    rule: RetryRule,
    attempt: (isUnsure: boolean) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T>
}

/** So many retries may be under way before successes have earned more: an outage is not answered with a storm. */
const mostCredit = 100
const earnedBySuccess = 0.2
/** A server that asks for more patience than this is not waited for. */
const longestRetryAfterMs = 30_000

/** Retries with full jitter; `Retry-After` is the least that is waited. Shared by all calls of a client. */
export function makeRetries(
  time: KubeTime,
  onRetry: () => void,
  { mostAttempts = 5, firstMs = 200, mostMs = 8_000 }: RetrySettings = {},
): Retries {
  let credit = mostCredit

  const pauseAfter = (error: unknown, done: number): number | null => {
    const asked = error instanceof KubeError ? (error.retryAfterMs ?? 0) : 0
    if (done >= mostAttempts || credit < 1 || asked > longestRetryAfterMs) return null
    return asked + backOff(time, done - 1, { firstMs, mostMs })
  }

  return {
    async run(rule, attempt, signal) {
      let isUnsure = false
      for (let done = 1; ; done += 1) {
        try {
          const result = await attempt(isUnsure)
          credit = Math.min(mostCredit, credit + earnedBySuccess)
          return result
        } catch (error) {
          if (signal.aborted) throw signal.reason
          isUnsure ||= mayBeDone(error)
          const pauseMs = mayRetry(rule, error) ? pauseAfter(error, done) : null
          if (pauseMs === null) throw toFinal(error, done)
          credit -= 1
          onRetry()
          await waitFor(time, pauseMs, signal)
        }
      }
    },
  }
}

function mayRetry(rule: RetryRule, error: unknown): boolean {
  if (rule === 'never') return false
  // A 401 is worth one more attempt with fresh credentials; attempts are few, so it need not be counted.
  const isTransient =
    error instanceof NoAnswer ||
    (error instanceof KubeError && (error.isRetryable || error.status === 401))
  return isTransient && (rule === 'always' || !mayBeDone(error))
}

/** Whether the request may have had its effect all the same. */
function mayBeDone(error: unknown): boolean {
  if (error instanceof NoAnswer) return !error.neverSent
  return error instanceof KubeError && error.status >= 500
}

/** What a caller sees: the server's no, or that nobody knows. */
function toFinal(error: unknown, attempts: number): unknown {
  const after = attempts === 1 ? '' : ` (after ${attempts} attempts)`
  if (error instanceof NoAnswer)
    return new KubeUnavailable(`the Kubernetes API server gave no answer: ${error.message}${after}`)
  if (error instanceof KubeError && error.status >= 500)
    return new KubeUnavailable(`the Kubernetes API server failed: ${error.message}${after}`)
  return error
}
