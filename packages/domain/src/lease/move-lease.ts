import { DomainError } from '../errors/domain-error.ts'
import type { Instant } from '../shared/instant.ts'
import type {
  Lease,
  LivingLease,
  MachineAddress,
  Provisioning,
  Queued,
  Ready,
  Stopped,
  Stopping,
} from './lease.ts'
import { termsOf } from './lease.ts'
import { type LeaseAction, leaseActions } from './lease-actions.ts'
import { isFinalLeaseReason, type LeaseEndReason } from './lease-end-reason.ts'

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

/**
 * Gives the machine back for `reason`. A queued lease that never had a machine ends at once. One
 * that is already on its way to an end keeps its first reason.
 */
export function endLease(
  lease: LivingLease,
  reason: LeaseEndReason,
  now: Instant,
  graceMs: number,
  reasonDetail: string | null = null,
): Lease {
  if (lease.state === 'stopping' && isFinalLeaseReason(lease.reason)) return lease
  const terms = {
    ...termsOf(lease),
    version: lease.version + 1,
    enteredStateAt: now,
    // Where nothing remains there is no next start to have it from.
    wantedSize: isFinalLeaseReason(reason) ? null : lease.wantedSize,
  }
  const holdsNothing = lease.state === 'queued' && lease.generation === 0
  if (holdsNothing)
    return {
      ...terms,
      state: reason === 'released-by-tenant' || reason === 'tenant-removed' ? 'released' : 'failed',
      reason,
      reasonDetail,
      endedAt: now,
    }
  const graceEndsAt = now + graceMs
  const stopping: Stopping = { ...terms, state: 'stopping', reason, reasonDetail, graceEndsAt }
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

/** A place was found: the next machine of this lease is asked for, under a generation of its own. */
export function provisionLease(lease: Queued, now: Instant, bootMs: number): Provisioning {
  return {
    ...termsOf(lease),
    version: lease.version + 1,
    enteredStateAt: now,
    state: 'provisioning',
    generation: lease.generation + 1,
    bootDeadlineAt: now + bootMs,
    obstacle: null,
  }
}

/** The machine answers. Only the first machine of a lease starts its time to live. */
export function makeReady(lease: Provisioning, address: MachineAddress, now: Instant): Ready {
  return {
    ...termsOf(lease),
    version: lease.version + 1,
    enteredStateAt: now,
    state: 'ready',
    expiresAt: lease.expiresAt ?? now + lease.timeToLiveMs,
    address,
    obstacle: null,
  }
}

/** Asks for a machine for the kept disk, with the whole time to live ahead again: it did not run while it was stopped. */
export function startLease(lease: Stopped, now: Instant, queueMs: number): Queued {
  const expiresAt =
    lease.expiresAt === null ? null : Math.max(lease.expiresAt, now + lease.timeToLiveMs)
  return { ...queueLease(lease, now, queueMs), expiresAt }
}

/**
 * Moves the end of a lease, at most to `maxAheadMs` from now; for a stopped one also the time until
 * which its disk is kept. Throws `request/invalid`, with the most that is possible, beyond that.
 */
export function extendLease(
  lease: Ready | Stopped,
  byMs: number,
  now: Instant,
  maxAheadMs: number,
): Ready | Stopped {
  const end = lease.state === 'ready' ? lease.expiresAt : lease.keepUntil
  const mostMs = now + maxAheadMs - end
  if (byMs > mostMs)
    throw new DomainError(
      'request/invalid',
      `A lease may end at most ${maxAheadMs / 1_000} s from now; this one can be extended by ${Math.max(0, Math.floor(mostMs / 1_000))} s.`,
      { asked: byMs, free: Math.max(0, mostMs) },
      '/extendBySeconds',
    )
  const version = lease.version + 1
  if (lease.state === 'ready') return { ...lease, version, expiresAt: lease.expiresAt + byMs }
  const expiresAt = lease.expiresAt === null ? null : lease.expiresAt + byMs
  return { ...lease, version, expiresAt, keepUntil: lease.keepUntil + byMs }
}

/** Whether a machine of this lease has ever been handed to its renter: from then on its disk may hold their work. */
export function hasBeenReady(lease: Lease): boolean {
  return lease.expiresAt !== null
}

/** A DNS label for the guest, from the lease's name where that has letters, else from its id. */
export function hostNameOf(lease: Pick<Lease, 'id' | 'name'>): string {
  const label = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^[^a-z]+/, '')
      .slice(0, 63)
      .replace(/-+$/, '')
  const name = label(lease.name)
  return name.length >= 2 ? name : label(`m-${lease.id}`)
}
