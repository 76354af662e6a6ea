import { findShortage, type Quota } from '../quota/quota.ts'
import { type Amounts, addAmounts, findLack, subtractAmounts } from '../quota/resources.ts'
import type { LeaseId, TaskId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import { makeNodePlaces, whyNever, whyNotNow } from './node-places.ts'
import type { Footprint, NodeRoom } from './node-room.ts'

/** Something that waits for a place in one pool. */
export type Candidate = {
  readonly kind: 'lease' | 'task'
  readonly id: LeaseId | TaskId
  readonly tenantId: TenantId
  readonly priority: number
  readonly queuedAt: Instant
  /** What it will take from the pool once admitted. */
  readonly needs: Amounts
  /** What it will newly take from its tenant's quota once admitted; nothing where quota is already held. */
  readonly takesQuota: Amounts
  /** What it will ask of one node; only for pools that have nodes. */
  readonly footprint?: Footprint
}

export type Admission =
  | { readonly admit: true; readonly candidate: Candidate }
  | {
      readonly admit: false
      readonly candidate: Candidate
      /** 1 for the one that would start next. */
      readonly position: number
      readonly waitingFor: string
    }

/** What a pool can give away: by its totals, or, where machines must fit on one of many nodes, by those. */
export type PlanRoom = {
  readonly total: Amounts
  readonly occupied: Amounts
  readonly nodes?: readonly NodeRoom[] | null
}

/**
 * Decides who starts now: by priority, then age. One that does not fit holds the place it needs
 * back from everyone behind it, so that large ones do not starve; one that waits only for its own
 * tenant's quota, or that is larger than the whole pool, holds nobody else back.
 */
export function planAdmissions(
  candidates: readonly Candidate[],
  room: PlanRoom,
  quotas: readonly Quota[],
): readonly Admission[] {
  const places = room.nodes == null ? placesOfTotals(room) : placesOfNodes(room.nodes)
  let position = 0
  const ledger = new Map<TenantId, Amounts>()
  return [...candidates].sort(byPriorityThenAge).map((candidate): Admission => {
    const already = ledger.get(candidate.tenantId) ?? {}
    const wanted = addAmounts(already, candidate.takesQuota)
    const own = quotas.filter((row) => row.tenantId === candidate.tenantId)
    const shortage = findShortage(own, wanted)
    const waitingFor =
      shortage === null
        ? places.takeOrKeep(candidate)
        : `the tenant's quota of ${shortage.resource}: limit ${shortage.limit}, used ${shortage.used}`
    if (waitingFor !== null) return { admit: false, candidate, position: ++position, waitingFor }
    ledger.set(candidate.tenantId, wanted)
    return { admit: true, candidate }
  })
}

/** Null when it has its place now; else what it waits for, with that place kept for it if the pool could ever have it. */
type Places = { takeOrKeep(candidate: Candidate): string | null }

function placesOfTotals({ total, occupied }: PlanRoom): Places {
  let taken = occupied
  return {
    takeOrKeep({ needs }) {
      const never = findLack(needs, total)
      if (never !== null)
        return `a larger pool: needs ${never.asked} ${never.resource}, the whole pool has ${never.free}`
      const lack = findLack(needs, subtractAmounts(total, taken))
      // Reserved even when it does not fit: those behind may only use what it leaves.
      taken = addAmounts(taken, needs)
      return lack && `${lack.resource} in the pool: needs ${lack.asked}, free ${lack.free}`
    },
  }
}

function placesOfNodes(rooms: readonly NodeRoom[]): Places {
  const places = makeNodePlaces(rooms)
  return {
    takeOrKeep({ footprint }) {
      if (footprint === undefined || places.take(footprint)) return null
      const never = whyNever(rooms, footprint)
      if (never !== null) return never
      const now = whyNotNow(places.nodes(), footprint)
      places.keep(footprint)
      return now
    },
  }
}

function byPriorityThenAge(left: Candidate, right: Candidate): number {
  return (
    right.priority - left.priority ||
    left.queuedAt - right.queuedAt ||
    (left.id < right.id ? -1 : 1)
  )
}
