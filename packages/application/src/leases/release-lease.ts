import { endLease, isLiving, type Lease } from '@leasehold/domain'
import { changeLease, type LeaseCommand } from './change-lease.ts'
import type { StopLeaseDeps } from './stop-lease.ts'

export type ReleaseLease = (command: LeaseCommand) => Promise<Lease>

/** Gives back machine and disk, from every state. An ended lease, or one on its way to an end, stays as it is. */
export function makeReleaseLease(deps: StopLeaseDeps): ReleaseLease {
  return async (command) => {
    const lease = await changeLease(deps, command, 'release asked for', (previous) =>
      isLiving(previous)
        ? endLease(previous, 'released-by-tenant', deps.clock.now(), deps.rules.lease.graceMs)
        : previous,
    )
    await deps.access.revokeLease(lease.id)
    return lease
  }
}
