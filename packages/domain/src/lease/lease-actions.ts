import type { Lease } from './lease.ts'
import { isFinalLeaseReason } from './lease-end-reason.ts'

export const leaseActionNames = ['stop', 'start', 'restart', 'extend', 'resize', 'release'] as const
export type LeaseAction = (typeof leaseActionNames)[number]

/** The moves a renter may ask for now. `release` is possible in every state that is not an end. */
export function leaseActions(lease: Lease): readonly LeaseAction[] {
  switch (lease.state) {
    case 'queued':
      return ['release']
    case 'provisioning':
      return ['stop', 'release']
    case 'ready':
      return ['stop', 'restart', 'extend', 'resize', 'release']
    case 'stopping':
      return isFinalLeaseReason(lease.reason) ? [] : ['release']
    case 'stopped':
      return ['start', 'extend', 'resize', 'release']
    case 'released':
    case 'failed':
      return []
  }
}
