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

export type TokenBuckets = {
  /** Takes one token, if there is one. */
  take(key: string, now: number): Taken
  /** What `take` would say. */
  look(key: string, now: number): Taken
}

type Bucket = { tokens: number; at: number }

/**
 * Token buckets by key, in memory. At most `maxKeys` are kept; when that many are in use, the oldest
 * tenth is dropped, which can only be to the advantage of their owners.
 */
export function makeTokenBuckets(limit: RateLimit, maxKeys = 20_000): TokenBuckets {
  const buckets = new Map<string, Bucket>()

  function refilled(key: string, now: number): Bucket {
    const bucket = buckets.get(key)
    if (bucket === undefined) return { tokens: limit.burst, at: now }
    const gained = (Math.max(0, now - bucket.at) / 1_000) * limit.perSecond
    bucket.tokens = Math.min(limit.burst, bucket.tokens + gained)
    bucket.at = now
    return bucket
  }

  return {
    look(key, now) {
      const { tokens } = refilled(key, now)
      return describe(limit, tokens, tokens >= 1)
    },
    take(key, now) {
      const bucket = refilled(key, now)
      const allowed = bucket.tokens >= 1
      if (allowed) bucket.tokens -= 1
      if (buckets.size >= maxKeys && !buckets.has(key)) dropOldest(buckets, maxKeys / 10)
      buckets.set(key, bucket)
      return describe(limit, bucket.tokens, allowed)
    },
  }
}

function describe(limit: RateLimit, tokens: number, allowed: boolean): Taken {
  const missing = 1 - tokens
  return {
    allowed,
    remaining: Math.floor(tokens),
    retryAfterSeconds: missing <= 0 ? 0 : Math.ceil(missing / limit.perSecond),
    resetSeconds: Math.ceil((limit.burst - tokens) / limit.perSecond),
  }
}

function dropOldest(buckets: Map<string, Bucket>, count: number): void {
  let left = count
  for (const key of buckets.keys()) {
    if (left-- <= 0) return
    buckets.delete(key)
  }
}
