import {
  assertNever,
  decideLease,
  isFinalLeaseReason,
  isLiving,
  type Lease,
  type LeaseId,
  type LeaseStep,
  type LivingLease,
  lookAgainAt,
  type MachineSighting,
  type Stopping,
} from '@leasehold/domain'
import type { AccessSecrets } from '../ports/access-secrets.ts'
import type { AccessStore } from '../ports/access-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { Claim, LeaseStore } from '../ports/lease-store.ts'
import { StaleGeneration } from '../ports/machine-driver.ts'
import type { Pool, Pools } from '../ports/pools.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { machineOrder } from './machine-order.ts'

export type ReconcileLeaseDeps = {
  readonly leases: LeaseStore
  readonly access: Pick<AccessStore, 'revokeLease'>
  readonly pools: Pools
  readonly secrets: AccessSecrets
  readonly hints: JobHints
  readonly ids: Pick<Ids, 'secret'>
  readonly clock: Clock
  readonly rules: RentalRules
}

/**
 * `settled`: nothing will ever be done again. `busy`: another worker has it, or it does not exist.
 * `waiting`: nothing to do now. `stepped`: something was done. `lost-race`: someone changed it first.
 */
export type ReconcileOutcome = 'settled' | 'busy' | 'waiting' | 'stepped' | 'lost-race'
export type ReconcileLease = (id: LeaseId, signal: AbortSignal) => Promise<ReconcileOutcome>

/** Takes one step towards the lease's goal. Safe to run twice, late, or beside itself. */
export function makeReconcileLease(deps: ReconcileLeaseDeps): ReconcileLease {
  const { leases, ids, clock, rules } = deps
  return async (id, signal) => {
    const now = clock.now()
    const claim: Claim = { token: ids.secret(), until: now + rules.claimMs }
    const lease = await leases.claim(id, claim.token, now, claim.until)
    if (lease === null) return 'busy'
    try {
      const result = await step(deps, lease, claim, signal)
      await leases.unclaim(id, claim.token, result.lookAgainAt)
      await hintAfter(deps, lease, result)
      return result.outcome
    } catch (error) {
      await leases.unclaim(id, claim.token, clock.now() + retryMs)
      throw error
    }
  }
}

const retryMs = 2_000

type StepResult = {
  readonly outcome: ReconcileOutcome
  readonly lookAgainAt: number | null
  readonly moved: Lease | null
}

async function step(
  deps: ReconcileLeaseDeps,
  lease: Lease,
  claim: Claim,
  signal: AbortSignal,
  isSecondLook = false,
): Promise<StepResult> {
  if (!isLiving(lease)) return { outcome: 'settled', lookAgainAt: null, moved: null }
  const pool = deps.pools.find(lease.pool)
  const sighting = await look(pool, lease, signal)
  const now = deps.clock.now()
  const decided = decideLease(lease, sighting, now, deps.rules.lease)
  const waiting: StepResult = {
    outcome: 'waiting',
    lookAgainAt: lookAgainAt(lease, now),
    moved: null,
  }
  if (decided.do === 'wait') return waiting
  // A worker that was paused may have lost its claim without knowing: it must not act on the outside.
  if (now >= claim.until) return { ...waiting, outcome: 'lost-race' }
  if (decided.do === 'move') {
    const isFenced =
      lease.state !== 'stopping' || pool === null || (await fence(pool, lease, signal))
    if (!isFenced) return { ...waiting, outcome: 'lost-race' }
    return move(deps, lease, decided.to, claim)
  }
  if (pool === null) return waiting
  await act(deps, pool, lease, decided, signal)
  const stepped: StepResult = { ...waiting, outcome: 'stepped' }
  // Most drivers destroy at once: another look now spares the renter the wait for the next one.
  if (decided.do !== 'destroy-machine' || isSecondLook) return stepped
  const second = await step(deps, lease, claim, signal, true)
  return second.outcome === 'waiting' ? stepped : second
}

/** Nothing is asked about a lease that is not placed. A pool that is not open here cannot be seen. */
async function look(
  pool: Pool | null,
  lease: LivingLease,
  signal: AbortSignal,
): Promise<MachineSighting> {
  if (lease.state === 'queued') return { kind: 'unknown' }
  if (pool === null) return { kind: 'unknown' }
  return pool.machines.inspectMachine(lease.id, lease.generation, signal)
}

async function act(
  { secrets }: ReconcileLeaseDeps,
  { machines }: Pool,
  lease: LivingLease,
  decided: Exclude<LeaseStep, { do: 'wait' | 'move' }>,
  signal: AbortSignal,
): Promise<void> {
  const { id, generation } = lease
  await isCurrent(async () => {
    switch (decided.do) {
      case 'start-machine':
        if (lease.state !== 'provisioning') return
        return machines.startMachine(machineOrder(lease, secrets), signal)
      case 'stop-machine':
        return machines.stopMachine(id, generation, decided.how, signal)
      case 'destroy-machine':
        return machines.destroyMachine(id, generation, signal)
      default:
        return assertNever(decided)
    }
  })
}

/**
 * Absent is not enough to leave `stopping`: the order of a slow worker may still be under way. A driver
 * that has stopped or destroyed a generation never starts it again.
 */
async function fence({ machines }: Pool, lease: Stopping, signal: AbortSignal): Promise<boolean> {
  const { id, generation, reason } = lease
  return isCurrent(() =>
    isFinalLeaseReason(reason)
      ? machines.destroyMachine(id, generation, signal)
      : machines.stopMachine(id, generation, 'forced', signal),
  )
}

/** False when our picture was old: the next look starts from the row again. */
async function isCurrent(order: () => Promise<void>): Promise<boolean> {
  try {
    await order()
    return true
  } catch (error) {
    if (error instanceof StaleGeneration) return false
    throw error
  }
}

async function move(
  deps: ReconcileLeaseDeps,
  lease: LivingLease,
  to: Lease,
  claim: Claim,
): Promise<StepResult> {
  // Before the move: a crash in between leaves no door open behind a lease that has moved on.
  const isLeaving = lease.state !== to.state
  if (isLeaving && (lease.state === 'ready' || lease.state === 'stopping'))
    await deps.access.revokeLease(lease.id)
  const outcome = await deps.leases.replace(lease, to, {
    actor: { kind: 'platform', id: 'reconcile-lease' },
    claim,
    ...eventOfMove(lease, to),
  })
  const now = deps.clock.now()
  if (outcome !== 'replaced') return { outcome: 'lost-race', lookAgainAt: now, moved: null }
  return { outcome: 'stepped', lookAgainAt: lookAgainAt(to, now), moved: to }
}

/** What the history says about a move: the detail of an end, or the obstacle that appeared or went. */
function eventOfMove(
  lease: LivingLease,
  to: Lease,
): { readonly reason?: string; readonly detail: string | null } {
  if ('reasonDetail' in to) return { detail: to.reasonDetail }
  if (!('obstacle' in to) || !('obstacle' in lease) || lease.state !== to.state)
    return { detail: null }
  if (to.obstacle !== null) return { reason: to.obstacle.code, detail: to.obstacle.detail }
  return { reason: 'obstacle-gone', detail: `no longer in the way: ${lease.obstacle?.code}` }
}

async function hintAfter(
  { hints }: ReconcileLeaseDeps,
  before: Lease,
  { outcome, moved }: StepResult,
): Promise<void> {
  if (before.state === 'queued' && outcome === 'waiting') return hints.admitQueued(before.pool)
  if (outcome === 'lost-race') return hints.lookAtLease(before.id)
  if (moved === null) return
  // Leaving `stopping` gives room back, and a restarted lease asks for it again.
  if (before.state === 'stopping') await hints.admitQueued(before.pool)
  else if (isLiving(moved)) await hints.lookAtLease(before.id)
}
