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
  /** What was taken since it was last asked for, for at most `most` keys. */
  unsettled(most: number): readonly { readonly key: string; readonly taken: number }[]
  /** Other replicas took, too: so many tokens were left when all that was `unsettled` was counted. */
  correct(key: string, left: number, now: number): void
}

/** `taken`: not settled with others yet. */
type Bucket = { tokens: number; at: number; taken: number }

type Options = {
  /** At most so many are kept; the oldest tenth is dropped then. */
  readonly maxKeys?: number
  /** Something is unsettled that was settled before. */
  readonly onTake?: () => void
}

/**
 * Token buckets by key, in memory. At most `maxKeys` are kept; when that many are in use, the oldest
 * tenth is dropped, which can only be to the advantage of their owners.
 */
export function makeTokenBuckets(limit: RateLimit, options: Options = {}): TokenBuckets {
  const { maxKeys = 20_000, onTake } = options
  const buckets = new Map<string, Bucket>()
  const taken = new Set<string>()

  function refilled(key: string, now: number): Bucket {
    const bucket = buckets.get(key)
    if (bucket === undefined) return { tokens: limit.burst, at: now, taken: 0 }
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
      if (allowed && onTake !== undefined && bucket.taken++ === 0) {
        taken.add(key)
        onTake()
      }
      if (buckets.size >= maxKeys && !buckets.has(key)) dropOldest(buckets, maxKeys / 10)
      buckets.set(key, bucket)
      return describe(limit, bucket.tokens, allowed)
    },
    unsettled(most) {
      const found: { key: string; taken: number }[] = []
      for (const key of taken) {
        if (found.length >= most) break
        taken.delete(key)
        const bucket = buckets.get(key)
        if (bucket === undefined) continue
        found.push({ key, taken: bucket.taken })
        bucket.taken = 0
      }
      return found
    },
    correct(key, left, now) {
      const bucket = buckets.get(key)
      if (bucket === undefined) return
      bucket.tokens = Math.min(limit.burst, left) - bucket.taken
      bucket.at = now
    },
  }
}

function describe(limit: RateLimit, tokens: number, allowed: boolean): Taken {
  const missing = 1 - tokens
  return {
    allowed,
    remaining: Math.max(0, Math.floor(tokens)),
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
