import {
  costMicros,
  type Lease,
  type LeaseId,
  type TenantId,
  usageSeconds,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { UsageStore } from '../ports/usage-store.ts'
import { findLease } from './find-lease.ts'

/** Whole seconds begun, and millionths of the currency unit, since the first machine was ready. */
export type UsageSoFar = { readonly seconds: number; readonly costMicros: number }
export type LeaseReport = { readonly lease: Lease; readonly usage: UsageSoFar }

export type GetLeaseDeps = {
  readonly leases: Pick<LeaseStore, 'find'>
  readonly usage: UsageStore
  readonly clock: Clock
}
export type GetLease = (tenantId: TenantId, leaseId: LeaseId) => Promise<LeaseReport>

/** One lease with what it has used so far. */
export function makeGetLease({ leases, usage, clock }: GetLeaseDeps): GetLease {
  return async (tenantId, leaseId) => {
    const lease = await findLease(leases, tenantId, leaseId)
    // A lease that was never ready has used nothing: no need to ask.
    const intervals = lease.expiresAt === null ? [] : await usage.ofHolder(tenantId, leaseId)
    return { lease, usage: usageSoFar(intervals, clock.now()) }
  }
}

/** Sums up intervals of one holder. */
export function usageSoFar(
  intervals: Awaited<ReturnType<UsageStore['ofHolder']>>,
  now: number,
): UsageSoFar {
  return {
    seconds: intervals.reduce((sum, interval) => sum + usageSeconds(interval, now), 0),
    costMicros: intervals.reduce((sum, interval) => sum + costMicros(interval, now), 0),
  }
}
