import { assertNever } from '../shared/assert-never.ts'
import type { Instant } from '../shared/instant.ts'
import type {
  HoldingLease,
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
import { isFinalLeaseReason, type LeaseEndReason, leaseEndReasons } from './lease-end-reason.ts'
import { type MachineObstacle, noteObstacle, obstacleLine } from './machine-obstacle.ts'
import { endLease, hasBeenReady, type LeaseDeadlines, makeReady, queueLease } from './move-lease.ts'
import { sizeAfterStop } from './resize-lease.ts'

/**
 * What a driver saw of one lease's machine. `unknown` means it could not tell, and nothing may be
 * concluded from it. `disk` says whether something of the lease is still stored in the pool.
 * `refused` means the machine of this generation can never run there; `detail` is for the renter.
 */
export type MachineSighting =
  | { readonly kind: 'absent'; readonly disk: 'none' | 'kept' }
  | { readonly kind: 'booting'; readonly obstacle?: MachineObstacle }
  | { readonly kind: 'running'; readonly address: MachineAddress }
  | { readonly kind: 'refused'; readonly detail: string }
  | { readonly kind: 'unknown' }

export type LeaseStep =
  | { readonly do: 'wait' }
  | { readonly do: 'start-machine' }
  /** Ends the process and keeps the disk. */
  | { readonly do: 'stop-machine'; readonly how: 'graceful' | 'forced' }
  /** Ends the process and removes everything that is stored. */
  | { readonly do: 'destroy-machine' }
  | { readonly do: 'move'; readonly to: Lease }

/** The next step towards the lease's goal, given what was seen and the time. Pure. */
export function decideLease(
  lease: LivingLease,
  sighting: MachineSighting,
  now: Instant,
  deadlines: LeaseDeadlines,
): LeaseStep {
  switch (lease.state) {
    case 'queued':
      return decideQueued(lease, now, deadlines)
    case 'stopped':
      return decideStopped(lease, sighting, now, deadlines)
    case 'provisioning':
    case 'ready':
    case 'stopping':
      // Destroying a machine on a guess would cost a tenant their work.
      if (sighting.kind === 'unknown') return { do: 'wait' }
      return decideHolding(lease, sighting, now, deadlines)
    default:
      return assertNever(lease)
  }
}

type Seen = Exclude<MachineSighting, { kind: 'unknown' }>

function decideHolding(
  lease: HoldingLease,
  seen: Seen,
  now: Instant,
  deadlines: LeaseDeadlines,
): LeaseStep {
  switch (lease.state) {
    case 'provisioning':
      return decideProvisioning(lease, seen, now, deadlines)
    case 'ready':
      return decideReady(lease, seen, now, deadlines)
    case 'stopping':
      return decideStopping(lease, seen, now, deadlines)
    default:
      return assertNever(lease)
  }
}

function decideQueued(lease: Queued, now: Instant, { graceMs }: LeaseDeadlines): LeaseStep {
  if (now < lease.queueDeadlineAt) return { do: 'wait' }
  const reason: LeaseEndReason = hasBeenReady(lease) ? 'start-failed' : 'queue-timed-out'
  return { do: 'move', to: endLease(lease, reason, now, graceMs) }
}

function decideStopped(
  lease: Stopped,
  sighting: MachineSighting,
  now: Instant,
  { graceMs }: LeaseDeadlines,
): LeaseStep {
  if (now >= lease.keepUntil) return { do: 'move', to: endLease(lease, 'expired', now, graceMs) }
  // The order of a slow worker can arrive late; nobody pays for that machine, so it goes.
  if (sighting.kind === 'running' || sighting.kind === 'booting')
    return { do: 'stop-machine', how: 'forced' }
  return { do: 'wait' }
}

function decideProvisioning(
  lease: Provisioning,
  seen: Seen,
  now: Instant,
  { graceMs }: LeaseDeadlines,
): LeaseStep {
  const end = (reason: LeaseEndReason, detail: string | null = null): LeaseStep => ({
    do: 'move',
    to: endLease(lease, reason, now, graceMs, detail),
  })
  const hasWork = hasBeenReady(lease)
  if (seen.kind === 'running') return { do: 'move', to: makeReady(lease, seen.address, now) }
  if (seen.kind === 'refused') return end(hasWork ? 'start-failed' : 'machine-refused', seen.detail)
  // An empty machine in the place of the one with their work would be a silent loss.
  if (hasWork && seen.kind === 'absent' && seen.disk === 'none') return end('machine-lost')
  if (now >= lease.bootDeadlineAt) {
    const obstacle = obstacleIn(seen) ?? lease.obstacle
    const detail = obstacle === null ? null : obstacleLine(obstacle)
    return end(hasWork ? 'start-failed' : 'boot-timed-out', detail)
  }
  return seen.kind === 'absent' ? { do: 'start-machine' } : waitWithObstacle(lease, seen, now)
}

/** Waits, and writes down what is in the way, or that nothing is any more. */
function waitWithObstacle(lease: Provisioning | Ready, seen: Seen, now: Instant): LeaseStep {
  const obstacle = noteObstacle(lease.obstacle, obstacleIn(seen), now)
  if (obstacle === lease.obstacle) return { do: 'wait' }
  return { do: 'move', to: { ...lease, version: lease.version + 1, obstacle } }
}

function obstacleIn(seen: Seen): MachineObstacle | null {
  return seen.kind === 'booting' ? (seen.obstacle ?? null) : null
}

function decideReady(
  lease: Ready,
  seen: Seen,
  now: Instant,
  { graceMs }: LeaseDeadlines,
): LeaseStep {
  if (now >= lease.expiresAt) return { do: 'move', to: endLease(lease, 'expired', now, graceMs) }
  if (seen.kind === 'absent') {
    const reason: LeaseEndReason = seen.disk === 'kept' ? 'powered-off' : 'machine-lost'
    return { do: 'move', to: endLease(lease, reason, now, graceMs) }
  }
  return waitWithObstacle(lease, seen, now)
}

function decideStopping(
  lease: Stopping,
  seen: Seen,
  now: Instant,
  deadlines: LeaseDeadlines,
): LeaseStep {
  if (isFinalLeaseReason(lease.reason)) {
    if (seen.kind !== 'absent' || seen.disk !== 'none') return { do: 'destroy-machine' }
    return { do: 'move', to: afterStopping(lease, now, deadlines) }
  }
  // Where the machine was refused nothing runs, and a stop would never make it absent.
  if (seen.kind !== 'absent' && seen.kind !== 'refused')
    return { do: 'stop-machine', how: now < lease.graceEndsAt ? 'graceful' : 'forced' }
  return { do: 'move', to: afterStopping(lease, now, deadlines) }
}

function afterStopping(lease: Stopping, now: Instant, deadlines: LeaseDeadlines): Lease {
  const { reason, reasonDetail } = lease
  const terms = { ...termsOf(lease), version: lease.version + 1, enteredStateAt: now }
  const size = sizeAfterStop(lease)
  const end = leaseEndReasons[reason]
  switch (end) {
    case 'queued':
      return { ...queueLease(lease, now, deadlines.queueMs), ...size }
    case 'stopped':
      return {
        ...terms,
        ...size,
        state: 'stopped',
        reason,
        reasonDetail,
        keepUntil: now + deadlines.keepStoppedMs,
      }
    case 'released':
    case 'failed':
      return { ...terms, state: end, reason, reasonDetail, endedAt: now }
    default:
      return assertNever(end)
  }
}

/**
 * When the reconciler should look at the lease again even if nobody tells it to. A standing one only when its time
 * is over: before, all of them are compared at once, which finds those that `deviates` names.
 */
export function lookAgainAt(lease: Lease, now: Instant): Instant | null {
  const soonMs = 1_000
  const standingMs = 30_000
  const whenOver = (end: Instant) => (now < end ? end : now + soonMs)
  switch (lease.state) {
    case 'queued':
      return Math.min(
        now + (lease.waitingFor === null ? soonMs : standingMs),
        lease.queueDeadlineAt,
      )
    case 'provisioning': {
      // Its driver reports what changes. A thousand that boot for minutes must not be asked for every second.
      const waitMs = Math.min(Math.max(soonMs, (now - lease.enteredStateAt) / 4), 15_000)
      return Math.min(now + Math.round(waitMs), Math.max(lease.bootDeadlineAt, now + soonMs))
    }
    case 'stopping':
      return now + soonMs
    case 'ready':
      return lease.obstacle === null
        ? whenOver(lease.expiresAt)
        : Math.min(now + standingMs, whenOver(lease.expiresAt))
    case 'stopped':
      return whenOver(lease.keepUntil)
    case 'released':
    case 'failed':
      return null
    default:
      return assertNever(lease)
  }
}
