import type { LeaseState } from './lease-state.ts'

/** Why a machine is given back decides where the lease goes next, so the two can never disagree. */
export const leaseEndReasons = {
  'stopped-by-tenant': 'stopped',
  /** The guest shut itself down; its disk is kept. */
  'powered-off': 'stopped',
  'restarted-by-tenant': 'queued',
  /** A machine that had run before could not be brought back in time; its disk is kept. */
  'start-failed': 'stopped',
  'released-by-tenant': 'released',
  'tenant-removed': 'released',
  expired: 'released',
  'exceeds-quota': 'failed',
  'queue-timed-out': 'failed',
  'boot-timed-out': 'failed',
  'machine-lost': 'failed',
  'machine-refused': 'failed',
} as const satisfies Record<string, LeaseState>

export type LeaseEndReason = keyof typeof leaseEndReasons

/** The reasons after which nothing of the lease remains. */
export function isFinalLeaseReason(reason: LeaseEndReason): boolean {
  const end = leaseEndReasons[reason]
  return end === 'released' || end === 'failed'
}
