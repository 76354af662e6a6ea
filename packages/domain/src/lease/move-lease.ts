import { DomainError } from '../errors/domain-error.ts'
import type { Instant } from '../shared/instant.ts'
import type { Lease, LivingLease, Queued, Stopping } from './lease.ts'
import { termsOf } from './lease.ts'
import { type LeaseAction, leaseActions } from './lease-actions.ts'
import type { LeaseEndReason } from './lease-end-reason.ts'

/** How long each waiting state may last, in milliseconds. */
export type LeaseDeadlines = {
  readonly queueMs: number
  readonly bootMs: number
  /** How long a guest may take to shut down before it is killed. */
  readonly graceMs: number
  /** How long the disk of a stopped lease is kept. */
  readonly keepStoppedMs: number
}

/** Refuses, with what is possible instead, an action that the lease's state does not allow. */
export function requireLeaseAction(lease: Lease, action: LeaseAction): void {
  const possible = leaseActions(lease)
  if (possible.includes(action)) return
  throw new DomainError(
    'lease/action-not-possible',
    `A lease that is ${lease.state} cannot ${action}; possible now: ${possible.join(', ') || 'nothing'}.`,
    { state: lease.state, action, possible: possible.join(',') },
  )
}

/** Gives the machine back for `reason`. A queued lease that never had a machine ends at once. */
export function endLease(
  lease: LivingLease,
  reason: LeaseEndReason,
  now: Instant,
  graceMs: number,
): Lease {
  const terms = { ...termsOf(lease), version: lease.version + 1, enteredStateAt: now }
  const holdsNothing = lease.state === 'queued' && lease.generation === 0
  if (holdsNothing)
    return {
      ...terms,
      state: reason === 'released-by-tenant' || reason === 'tenant-removed' ? 'released' : 'failed',
      reason,
      endedAt: now,
    }
  const stopping: Stopping = { ...terms, state: 'stopping', reason, graceEndsAt: now + graceMs }
  return stopping
}

/** Puts a stopped lease back in the queue for a machine with the disk it kept. */
export function queueLease(lease: Lease, now: Instant, queueMs: number): Queued {
  return {
    ...termsOf(lease),
    version: lease.version + 1,
    enteredStateAt: now,
    state: 'queued',
    queueDeadlineAt: now + queueMs,
    waitingFor: null,
  }
}
