import type { UsageStore } from '@leasehold/application'
import { usageIntervalFromRow } from './rows/small-rows.ts'
import type { StoreDeps } from './store-deps.ts'

const oldestFirst = [{ startedAt: 'asc' as const }, { id: 'asc' as const }]

export function makeUsageStore({ prisma }: StoreDeps): UsageStore {
  const ofHolders: UsageStore['ofHolders'] = async (tenantId, ids) => {
    if (ids.length === 0) return []
    const rows = await prisma.usageInterval.findMany({
      where: { tenantId, holderId: { in: [...ids] } },
      orderBy: oldestFirst,
    })
    return rows.map(usageIntervalFromRow)
  }
  return {
    async list(tenantId, from, to, limit) {
      const rows = await prisma.usageInterval.findMany({
        where: {
          tenantId,
          startedAt: { lt: new Date(to) },
          OR: [{ endedAt: null }, { endedAt: { gt: new Date(from) } }],
        },
        orderBy: oldestFirst,
        take: limit,
      })
      return rows.map(usageIntervalFromRow)
    },
    ofHolders,
    ofHolder: (tenantId, id) => ofHolders(tenantId, [id]),
  }
}
