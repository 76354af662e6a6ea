import { DomainError, type Lease, type LeaseId, type TenantId } from '@leasehold/domain'
import type { LeaseStore } from '../ports/lease-store.ts'

/** The lease, or `lease/not-found` in the same words for one of another tenant and one that never was. */
export async function findLease(
  leases: Pick<LeaseStore, 'find'>,
  tenantId: TenantId,
  id: LeaseId,
): Promise<Lease> {
  const lease = await leases.find(tenantId, id)
  if (lease === null) throw new DomainError('lease/not-found', 'There is no such lease.')
  return lease
}
