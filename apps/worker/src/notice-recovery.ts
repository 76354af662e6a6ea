import type { Pools, RepairTenants } from '@leasehold/application'

/** Names of pools for which tenants were looked at because they are well again. */
export type NoticeRecovery = (signal: AbortSignal) => Promise<{ readonly recovered: string }>

/** A place that comes and goes must not make us look at every tenant every second. */
const leastBetweenMs = 30_000

/**
 * A pool that was down, or is opened late, lacks what tenants need there: whoever begins something in it waits for
 * that. So every tenant is looked at as soon as a pool is well again, and not only when their time comes.
 */
export function makeNoticeRecovery(
  pools: Pools,
  repairTenants: RepairTenants,
  now: () => number,
): NoticeRecovery {
  const inTrouble = new Set<string>()
  const recovered = new Set<string>()
  let lookedAt = Number.NEGATIVE_INFINITY
  return async (signal) => {
    for (const { name, trouble } of pools.all()) {
      const isInTrouble = (trouble?.() ?? null) !== null
      if (isInTrouble) inTrouble.add(name)
      else if (inTrouble.delete(name)) recovered.add(name)
    }
    if (recovered.size === 0 || now() - lookedAt < leastBetweenMs) return { recovered: '' }
    const names = [...recovered].join(', ')
    lookedAt = now()
    await repairTenants(signal)
    recovered.clear()
    return { recovered: names }
  }
}
