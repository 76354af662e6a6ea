import type { RateLimit } from '../api-settings.ts'

export type Taken = {
  readonly allowed: boolean
  /** Whole requests that could follow at once. */
  readonly remaining: number
  /** Until the next request is possible; 0 when one is possible now. */
  readonly retryAfterSeconds: number
  /** Until the bucket is full again. */
  readonly resetSeconds: number
}

type Bucket = { tokens: number; at: number }

/**
 * Token buckets by key, in memory. At most `maxKeys` are kept; when that many are in use, those that
 * were not used lately are dropped, which can only be to their owner's advantage.
 */
export function makeTokenBuckets(limit: RateLimit, maxKeys = 20_000) {
  const buckets = new Map<string, Bucket>()

  function drop(): void {
    let left = Math.ceil(maxKeys / 10)
    for (const key of buckets.keys()) {
      if (left-- <= 0) return
      buckets.delete(key)
    }
  }

  return function take(key: string, now: number): Taken {
    let bucket = buckets.get(key)
    if (bucket === undefined) {
      if (buckets.size >= maxKeys) drop()
      bucket = { tokens: limit.burst, at: now }
      buckets.set(key, bucket)
    } else {
      const gained = ((now - bucket.at) / 1_000) * limit.perSecond
      bucket.tokens = Math.min(limit.burst, bucket.tokens + Math.max(0, gained))
      bucket.at = now
    }
    const allowed = bucket.tokens >= 1
    if (allowed) bucket.tokens -= 1
    return {
      allowed,
      remaining: Math.floor(bucket.tokens),
      retryAfterSeconds: allowed ? 0 : Math.ceil((1 - bucket.tokens) / limit.perSecond),
      resetSeconds: Math.ceil((limit.burst - bucket.tokens) / limit.perSecond),
    }
  }
}
