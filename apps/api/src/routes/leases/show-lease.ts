import { type Clock, type UsageStore, usageSoFar } from '@leasehold/application'
import type { Lease as LeaseBody } from '@leasehold/contract'
import type { Lease } from '@leasehold/domain'
import type { AccessDirections } from '../../access-directions.ts'
import { leaseView } from './lease-view.ts'

/** A lease that was just changed, with its usage, as clients see it. */
export type ShowLease = (lease: Lease) => Promise<LeaseBody>

export function makeShowLease(deps: {
  readonly usage: Pick<UsageStore, 'ofHolder'>
  readonly clock: Clock
  readonly directions: AccessDirections
}): ShowLease {
  return async (lease) => {
    // A lease that was never ready has used nothing: no need to ask.
    const intervals =
      lease.expiresAt === null ? [] : await deps.usage.ofHolder(lease.tenantId, lease.id)
    return leaseView({ lease, usage: usageSoFar(intervals, deps.clock.now()) }, deps.directions)
  }
}
