import { findShortage, type Quota } from '../quota/quota.ts'
import { type Amounts, addAmounts, findLack, subtractAmounts } from '../quota/resources.ts'
import type { LeaseId, TaskId, TenantId } from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'

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

/**
 * Decides who starts now: by priority, then age. One that does not fit holds the place it needs
 * back from everyone behind it, so that large ones do not starve; one that waits only for its own
 * tenant's quota, or that is larger than the whole pool, holds nobody else back.
 */
export function planAdmissions(
  candidates: readonly Candidate[],
  total: Amounts,
  occupied: Amounts,
  quotas: readonly Quota[],
): readonly Admission[] {
  let taken = occupied
  let position = 0
  const ledger = new Map<TenantId, Amounts>()
  return [...candidates].sort(byPriorityThenAge).map((candidate): Admission => {
    const already = ledger.get(candidate.tenantId) ?? {}
    const wanted = addAmounts(already, candidate.takesQuota)
    const own = quotas.filter((row) => row.tenantId === candidate.tenantId)
    const shortage = findShortage(own, wanted)
    if (shortage !== null)
      return waits(
        candidate,
        ++position,
        `the tenant's quota of ${shortage.resource}: limit ${shortage.limit}, used ${shortage.used}`,
      )
    const never = findLack(candidate.needs, total)
    if (never !== null)
      return waits(
        candidate,
        ++position,
        `a larger pool: needs ${never.asked} ${never.resource}, the whole pool has ${never.free}`,
      )
    const lack = findLack(candidate.needs, subtractAmounts(total, taken))
    // Reserved even when it does not fit: those behind may only use what it leaves.
    taken = addAmounts(taken, candidate.needs)
    if (lack !== null)
      return waits(
        candidate,
        ++position,
        `${lack.resource} in the pool: needs ${lack.asked}, free ${lack.free}`,
      )
    ledger.set(candidate.tenantId, wanted)
    return { admit: true, candidate }
  })
}

function waits(candidate: Candidate, position: number, waitingFor: string): Admission {
  return { admit: false, candidate, position, waitingFor }
}

function byPriorityThenAge(left: Candidate, right: Candidate): number {
  return (
    right.priority - left.priority ||
    left.queuedAt - right.queuedAt ||
    (left.id < right.id ? -1 : 1)
  )
}
