import {
  costMicros,
  DomainError,
  dayMs,
  type Instant,
  type TenantId,
  type UsageInterval,
  usageDay,
  usageSeconds,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { UsageStore } from '../ports/usage-store.ts'

export type UsageAmount = { readonly seconds: number; readonly costMicros: number }
export type UsageReport = {
  readonly from: Instant
  readonly to: Instant
  readonly total: UsageAmount
  /** Every interval, cut to the period, oldest first. */
  readonly items: readonly (UsageInterval & UsageAmount)[]
  /** UTC days, oldest first. */
  readonly byDay: readonly ({ readonly day: string } & UsageAmount)[]
  readonly byHolder: readonly ({ readonly holder: UsageInterval['holder'] } & UsageAmount)[]
  /** The period has more intervals than one answer holds. */
  readonly truncated: boolean
}

export type ReportUsageDeps = { readonly usage: Pick<UsageStore, 'list'>; readonly clock: Clock }
export type ReportUsage = (
  tenantId: TenantId,
  period: { readonly from: Instant | null; readonly to: Instant | null },
) => Promise<UsageReport>

const mostIntervals = 10_000
const longestMs = 366 * dayMs
const usualMs = 30 * dayMs

/** What a tenant used from `from` (30 days ago) to `to` (now), and what it cost at the price that held. */
export function makeReportUsage({ usage, clock }: ReportUsageDeps): ReportUsage {
  return async (tenantId, period) => {
    const now = clock.now()
    const to = period.to ?? now
    const from = period.from ?? to - usualMs
    if (from >= to || to - from > longestMs)
      throw new DomainError(
        'request/invalid',
        'The period must begin before it ends and be at most 366 days long.',
        {},
        '/from',
      )
    const found = await usage.list(tenantId, from, to, mostIntervals + 1)
    const cut = found.slice(0, mostIntervals).map((interval) => cutTo(interval, from, to, now))
    const items = cut.map((interval) => ({ ...interval, ...amountOf(interval, now) }))
    const days = cut.flatMap((interval) => splitByDay(interval, now))
    return {
      from,
      to,
      total: sum(items),
      items,
      byDay: grouped(days, (part) => usageDay(part.startedAt)).map(([day, parts]) => ({
        day,
        ...sum(parts.map((part) => amountOf(part, now))),
      })),
      byHolder: grouped(items, (item) => item.holder.id).map(([, parts]) => ({
        holder: (parts[0] as UsageInterval).holder,
        ...sum(parts),
      })),
      truncated: found.length > mostIntervals,
    }
  }
}

function cutTo(interval: UsageInterval, from: Instant, to: Instant, now: Instant): UsageInterval {
  const startedAt = Math.max(interval.startedAt, from)
  const end = Math.min(interval.endedAt ?? now, to)
  const isOpen = interval.endedAt === null && end >= now
  return { ...interval, startedAt, endedAt: isOpen ? null : Math.max(startedAt, end) }
}

function amountOf(interval: UsageInterval, now: Instant): UsageAmount {
  return { seconds: usageSeconds(interval, now), costMicros: costMicros(interval, now) }
}

/** One piece per UTC day that the interval touches. */
function splitByDay(interval: UsageInterval, now: Instant): readonly UsageInterval[] {
  const end = interval.endedAt ?? now
  const pieces: UsageInterval[] = []
  for (let at = interval.startedAt; at < end; ) {
    const nextDay = (Math.floor(at / dayMs) + 1) * dayMs
    pieces.push({ ...interval, startedAt: at, endedAt: Math.min(nextDay, end) })
    at = nextDay
  }
  return pieces
}

function grouped<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
): readonly (readonly [string, readonly Item[]])[] {
  return [...Map.groupBy(items, keyOf)].sort(([left], [right]) => (left < right ? -1 : 1))
}

function sum(amounts: readonly UsageAmount[]): UsageAmount {
  return {
    seconds: amounts.reduce((total, amount) => total + amount.seconds, 0),
    costMicros: amounts.reduce((total, amount) => total + amount.costMicros, 0),
  }
}
