import { type Amounts, addAmounts, amountsOfShape, largerAmounts } from '../quota/resources.ts'
import { assertNever } from '../shared/assert-never.ts'
import type { Lease } from './lease.ts'

/**
 * What a lease takes from its tenant's quota in its present state. A stopped one keeps its disk, an ended one nothing.
 * One that wants another size holds the larger of both: what it grows by is its own already, and what it shrinks by
 * is given back when it has shrunk.
 */
export function leaseHolds(lease: Lease): Amounts {
  const has = amountsOfShape(lease.shape)
  const wants = lease.wantedSize === null ? {} : amountsOfShape(lease.wantedSize.shape)
  const all = addAmounts(largerAmounts(has, wants), { leases: 1 })
  switch (lease.state) {
    case 'queued':
    case 'provisioning':
    case 'ready':
    case 'stopping':
      return all
    case 'stopped': {
      const kept: Amounts = { leases: 1, 'disk-gib': all['disk-gib'] ?? 0 }
      return kept
    }
    case 'released':
    case 'failed':
      return {}
    default:
      return assertNever(lease)
  }
}

/** What a lease takes from its pool: a queued one nothing yet, except the disk it kept from before. */
export function leaseOccupies(lease: Lease): Amounts {
  switch (lease.state) {
    case 'provisioning':
    case 'ready':
    case 'stopping':
      return amountsOfShape(lease.shape)
    case 'queued':
    case 'stopped':
      return lease.generation === 0
        ? {}
        : { 'disk-gib': amountsOfShape(lease.shape)['disk-gib'] ?? 0 }
    case 'released':
    case 'failed':
      return {}
    default:
      return assertNever(lease)
  }
}
