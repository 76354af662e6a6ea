import type { LeaseId, TenantId } from '@leasehold/domain'
import type { LeaseEvent, LeaseStore } from '../ports/lease-store.ts'
import { findLease } from './find-lease.ts'

export type ListLeaseEventsDeps = { readonly leases: Pick<LeaseStore, 'find' | 'events'> }
export type ListLeaseEvents = (
  tenantId: TenantId,
  leaseId: LeaseId,
  afterSeq: number,
  limit: number,
) => Promise<readonly LeaseEvent[]>

/** A lease's history, oldest first, after the entry `afterSeq`. */
export function makeListLeaseEvents({ leases }: ListLeaseEventsDeps): ListLeaseEvents {
  return async (tenantId, leaseId, afterSeq, limit) => {
    const events = await leases.events(tenantId, leaseId, afterSeq, limit)
    // Every lease has events, so only an empty answer leaves open whether there is such a lease.
    if (events.length === 0) await findLease(leases, tenantId, leaseId)
    return events
  }
}
