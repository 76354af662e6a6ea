import {
  type Actor,
  DomainError,
  type Lease,
  type LeaseId,
  type MemberId,
  type TenantId,
} from '@leasehold/domain'
import type { JobHints } from '../ports/job-hints.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import { shortageError } from '../quotas/shortage-error.ts'
import { findLease } from './find-lease.ts'

/** Someone of a tenant asks for a change of one lease. */
export type LeaseCommand = {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly leaseId: LeaseId
}

export type ChangeLeaseDeps = { readonly leases: LeaseStore; readonly hints: JobHints }

/**
 * Reads the lease, lets `decide` say what it becomes and stores that, again from the start when someone
 * else was first. `decide` gives back the same lease where nothing has to change. Hints after the commit.
 */
export async function changeLease(
  { leases, hints }: ChangeLeaseDeps,
  { tenantId, memberId, leaseId }: LeaseCommand,
  detail: string,
  decide: (lease: Lease) => Lease,
): Promise<Lease> {
  const actor: Actor = { kind: 'member', id: memberId }
  for (let attempt = 0; attempt < 8; attempt++) {
    const previous = await findLease(leases, tenantId, leaseId)
    const next = decide(previous)
    if (next === previous) return previous
    const outcome = await leases.replace(previous, next, { actor, claim: null, detail })
    if (outcome === 'lost-race') continue
    if (outcome !== 'replaced') throw shortageError(outcome)
    await (next.state === 'queued' ? hints.admitQueued(next.pool) : hints.lookAtLease(next.id))
    return next
  }
  throw new DomainError(
    'conflict/changed-meanwhile',
    'The lease keeps changing. Read it again and repeat the request.',
  )
}
