import type { Clock, Log, SharedBuckets } from '@leasehold/application'
import type { RateLimit } from '../api-settings.ts'
import { makeTokenBuckets, type TokenBuckets } from './token-bucket.ts'

/** Makes token buckets, which are shared with other replicas where there is something to share them through. */
export type MakeBuckets = (name: string, limit: RateLimit) => TokenBuckets

/** How long replicas may disagree. */
const settleEveryMs = 100
const mostAtOnce = 500

/**
 * Every replica decides by itself, at once, and tells the others ten times a second what it let pass. So
 * no request waits for another server; together they let pass what the limit says and, once, what they
 * took in the tenth of a second in which they did not know of each other: that is owed and worked off.
 * While it cannot be told, each replica goes by its own count: nobody is locked out, and nobody is
 * unlimited.
 */
export function makeSharedRates(shared: SharedBuckets | null, clock: Clock, log: Log): MakeBuckets {
  if (shared === null) return (_name, limit) => makeTokenBuckets(limit)
  const groups: Group[] = []
  let isPlanned = false
  let isAway = false

  const settle = async () => {
    try {
      await settleOnce(shared, groups, clock)
      if (isAway) log.info({}, 'rate limits are shared again')
      isAway = false
    } catch (err) {
      // What was not told is forgotten: after an outage nobody owes what passed during it.
      if (!isAway) log.warn({ err }, 'rate limits are counted by each replica alone')
      isAway = true
    }
  }
  const settleSoon = () => {
    if (isPlanned) return
    isPlanned = true
    setTimeout(() => {
      void settle().then(() => {
        isPlanned = false
        if (groups.some(({ hasMore }) => hasMore)) settleSoon()
      })
    }, settleEveryMs).unref()
  }

  return (name, limit) => {
    const onTake = () => {
      group.hasMore = true
      settleSoon()
    }
    const buckets = makeTokenBuckets(limit, { onTake })
    const group: Group = { name, limit, hasMore: false, buckets }
    groups.push(group)
    return buckets
  }
}

type Group = {
  readonly name: string
  readonly limit: RateLimit
  /** Something was taken since the last look, or more than one look could carry. */
  hasMore: boolean
  readonly buckets: TokenBuckets
}

async function settleOnce(
  shared: SharedBuckets,
  groups: readonly Group[],
  clock: Clock,
): Promise<void> {
  const takes = groups.flatMap((group) => {
    const unsettled = group.buckets.unsettled(mostAtOnce)
    group.hasMore = unsettled.length === mostAtOnce
    return unsettled.map((one) => ({ ...one, group }))
  })
  const left = await shared.settle(
    takes.map(({ key, taken, group }) => ({
      key: `${group.name}:${key}`,
      taken,
      ...group.limit,
    })),
  )
  for (const [index, { key, group }] of takes.entries())
    group.buckets.correct(key, left[index] ?? 0, clock.now())
}
