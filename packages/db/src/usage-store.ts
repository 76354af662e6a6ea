import type { UsageStore } from '@leasehold/application'
import { usageIntervalFromRow } from './rows/small-rows.ts'
import { isoOf } from './rows/times.ts'
import type { StoreDeps } from './store-deps.ts'

type IntervalRow = Parameters<typeof usageIntervalFromRow>[0]

const columns = `id, tenant_id AS "tenantId", holder_kind AS "holderKind", holder_id AS "holderId",
  started_at AS "startedAt", ended_at AS "endedAt", price_per_hour_micros AS "pricePerHourMicros"`

export function makeUsageStore({ tenantQuery }: StoreDeps): UsageStore {
  const ofHolders: UsageStore['ofHolders'] = async (tenantId, ids) => {
    if (ids.length === 0) return []
    const rows = await tenantQuery<IntervalRow>(
      tenantId,
      'usage-of-holders',
      `SELECT ${columns} FROM usage_intervals WHERE tenant_id = $1 AND holder_id = ANY ($2)
       ORDER BY started_at, id`,
      [tenantId, ids],
    )
    return rows.map(usageIntervalFromRow)
  }
  return {
    async list(tenantId, from, to, limit) {
      const rows = await tenantQuery<IntervalRow>(
        tenantId,
        'usage-list',
        `SELECT ${columns} FROM usage_intervals
         WHERE tenant_id = $1 AND started_at < $3 AND (ended_at IS NULL OR ended_at > $2)
         ORDER BY started_at, id LIMIT $4`,
        [tenantId, isoOf(from), isoOf(to), limit],
      )
      return rows.map(usageIntervalFromRow)
    },
    ofHolders,
    ofHolder: (tenantId, id) => ofHolders(tenantId, [id]),
  }
}
