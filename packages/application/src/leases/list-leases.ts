import type { TenantId } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { LeaseFilter, LeaseStore } from '../ports/lease-store.ts'
import type { Page, PageRequest } from '../ports/page.ts'
import type { UsageStore } from '../ports/usage-store.ts'
import { type LeaseReport, usageSoFar } from './get-lease.ts'

export type ListLeasesDeps = {
  readonly leases: Pick<LeaseStore, 'list'>
  readonly usage: UsageStore
  readonly clock: Clock
}
export type ListLeases = (
  tenantId: TenantId,
  filter: LeaseFilter,
  page: PageRequest,
) => Promise<Page<LeaseReport>>

/** One page of a tenant's leases, newest first, each with what it has used so far. */
export function makeListLeases({ leases, usage, clock }: ListLeasesDeps): ListLeases {
  return async (tenantId, filter, request) => {
    const page = await leases.list(tenantId, filter, request)
    const used = page.items.filter((lease) => lease.expiresAt !== null).map((lease) => lease.id)
    const intervals = used.length === 0 ? [] : await usage.ofHolders(tenantId, used)
    const byHolder = Map.groupBy(intervals, (interval) => interval.holder.id as string)
    const now = clock.now()
    const items = page.items.map((lease) => ({
      lease,
      usage: usageSoFar(byHolder.get(lease.id) ?? [], now),
    }))
    return { items, next: page.next }
  }
}
