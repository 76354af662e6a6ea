import { findShortage, type Quota } from '../quota/quota.ts'
import { type Amounts, addAmounts, entriesOf } from '../quota/resources.ts'
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
 * tenant's quota holds nobody else back.
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
    const lacking = firstLack(candidate.needs, total, taken)
    // Reserved even when it does not fit: those behind may only use what it leaves.
    taken = addAmounts(taken, candidate.needs)
    if (lacking !== null) return waits(candidate, ++position, lacking)
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

function firstLack(needs: Amounts, total: Amounts, taken: Amounts): string | null {
  for (const [resource, amount] of entriesOf(needs)) {
    const free = (total[resource] ?? 0) - (taken[resource] ?? 0)
    if (amount > free) return `${resource} in the pool: needs ${amount}, free ${Math.max(0, free)}`
  }
  return null
}
