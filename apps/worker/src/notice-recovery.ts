import type { Pools, RepairTenants } from '@leasehold/application'

/** Names of pools that were in trouble at the last look and are not any more. */
export type NoticeRecovery = (signal: AbortSignal) => Promise<{ readonly recovered: string }>

/**
 * A pool that was down, or is opened late, lacks what tenants need there: whoever begins something in it waits for
 * that. So every tenant is looked at as soon as a pool is well again, and not only when their time comes.
 */
export function makeNoticeRecovery(pools: Pools, repairTenants: RepairTenants): NoticeRecovery {
  const inTrouble = new Set<string>()
  return async (signal) => {
    const recovered: string[] = []
    for (const { name, trouble } of pools.all()) {
      const isInTrouble = (trouble?.() ?? null) !== null
      if (isInTrouble) inTrouble.add(name)
      else if (inTrouble.delete(name)) recovered.push(name)
    }
    if (recovered.length > 0) await repairTenants(signal)
    return { recovered: recovered.join(', ') }
  }
}
