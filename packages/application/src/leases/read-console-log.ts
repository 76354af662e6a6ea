import { DomainError, type LeaseId } from '@leasehold/domain'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { Pools } from '../ports/pools.ts'

export type ReadConsoleLogDeps = {
  readonly leases: Pick<LeaseStore, 'findAnyTenant'>
  readonly pools: Pools
}
export type ReadConsoleLog = (leaseId: LeaseId, maxBytes: number) => Promise<string>

/** The last output of a machine's console, for an operator of the platform. */
export function makeReadConsoleLog({ leases, pools }: ReadConsoleLogDeps): ReadConsoleLog {
  return async (leaseId, maxBytes) => {
    const lease = await leases.findAnyTenant(leaseId)
    if (lease === null) throw new DomainError('lease/not-found', 'There is no such lease.')
    const pool = pools.find(lease.pool)
    if (pool === null)
      throw new DomainError('pool/not-found', `The pool ${lease.pool} is not open here.`)
    return pool.machines.consoleLog(leaseId, maxBytes)
  }
}
