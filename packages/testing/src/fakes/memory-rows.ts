import type { Claim, ReplaceOutcome } from '@leasehold/application'
import type { Amounts, Instant, TenantId, UsageChange, UsageInterval } from '@leasehold/domain'
import { addAmounts, subtractAmounts } from '@leasehold/domain'
import { type Memory, type Row, takeQuota } from './memory.ts'
import { cleanText } from './storable-text.ts'

type Versioned = { readonly id: string; readonly tenantId: TenantId; readonly version: number }

/** What leases and tasks do differently when a row changes. */
export type RowRules<Item extends Versioned, Event> = {
  readonly holds: (item: Item) => Amounts
  readonly occupies: (item: Item) => Amounts
  readonly isLiving: (item: Item) => boolean
  readonly lookAgainAt: (item: Item, now: Instant) => Instant | null
  readonly usageChange: (previous: Item, next: Item) => UsageChange
  readonly interval: (item: Item, now: Instant) => UsageInterval
  readonly event: (
    seq: number,
    item: Item,
    by: {
      readonly actor: Parameters<ReplaceIn<Item>>[2]['actor']
      readonly detail: string | null
      readonly reason: string | null
    },
  ) => Event
}

type ReplaceIn<Item> = (
  previous: Item,
  next: Item,
  by: {
    readonly actor: { readonly kind: 'member' | 'operator' | 'platform'; readonly id: string }
    readonly claim: Claim | null
    readonly detail?: string | null
    readonly reason?: string | null
  },
) => Promise<ReplaceOutcome>

/** The part of a store that leases and tasks share: guarded changes, claims, what is due. */
export function memoryRows<Item extends Versioned, Event>(
  memory: Memory,
  rows: Map<string, Row<Item, Event>>,
  rules: RowRules<Item, Event>,
) {
  const replace: ReplaceIn<Item> = async (previous, next, by) => {
    const row = rows.get(previous.id)
    if (row === undefined || row.item.version !== previous.version) return 'lost-race'
    if (by.claim !== null && row.claim?.token !== by.claim.token) return 'lost-race'
    const now = memory.clock.now()
    const change = subtractAmounts(rules.holds(next), rules.holds(row.item))
    const shortage = takeQuota(memory, next.tenantId, change)
    if (shortage !== null) return shortage
    noteUsage(memory, rules.usageChange(row.item, next), () => rules.interval(next, now), now)
    row.item = next
    row.lookAgainAt = rules.lookAgainAt(next, now)
    const { actor } = by
    const detail = by.detail == null ? null : cleanText(by.detail)
    const reason = by.reason ?? null
    row.events.push(rules.event(row.events.length + 1, next, { actor, detail, reason }))
    return 'replaced'
  }
  const living = () => [...rows.values()].filter((row) => rules.isLiving(row.item))
  return {
    replace,
    async claim(id: string, token: string, now: Instant, until: Instant): Promise<Item | null> {
      const row = rows.get(id)
      if (row === undefined || (row.claim !== null && row.claim.until > now)) return null
      row.claim = { token, until, version: row.item.version }
      return row.item
    },
    async unclaim(id: string, token: string, lookAgainAt: Instant | null): Promise<void> {
      const row = rows.get(id)
      if (row?.claim?.token !== token) return
      // What changed meanwhile wants its own look, and nobody may put it off.
      const wanted = row.item.version === row.claim.version ? null : row.lookAgainAt
      row.claim = null
      row.lookAgainAt =
        wanted === null ? lookAgainAt : Math.min(wanted, lookAgainAt ?? Number.POSITIVE_INFINITY)
    },
    due(now: Instant, limit: number): readonly Item[] {
      return living()
        .filter((row) => row.lookAgainAt !== null && row.lookAgainAt <= now)
        .filter((row) => row.claim === null || row.claim.until <= now)
        .sort((left, right) => (left.lookAgainAt ?? 0) - (right.lookAgainAt ?? 0))
        .slice(0, limit)
        .map((row) => row.item)
    },
    occupied(isIn: (item: Item) => boolean): Amounts {
      const held = living().filter((row) => isIn(row.item))
      return held.reduce<Amounts>((sum, row) => addAmounts(sum, rules.occupies(row.item)), {})
    },
    living(ids: readonly string[]): ReadonlySet<string> {
      return new Set(ids.filter((id) => living().some((row) => row.item.id === id)))
    },
  }
}

function noteUsage(
  memory: Memory,
  change: UsageChange,
  open: () => UsageInterval,
  now: Instant,
): void {
  if (change === 'none') return
  const interval = open()
  if (change === 'opens') {
    memory.usage.push(interval)
    return
  }
  const index = memory.usage.findLastIndex(
    (known) => known.holder.id === interval.holder.id && known.endedAt === null,
  )
  const known = memory.usage[index]
  // A clock that was set back must not make an interval of negative length.
  if (known !== undefined)
    memory.usage[index] = { ...known, endedAt: Math.max(now, known.startedAt) }
}
