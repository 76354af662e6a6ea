import { endLease, isLiving, type Lease, requireLeaseAction } from '@leasehold/domain'
import { changeLease, type LeaseCommand } from './change-lease.ts'
import type { StopLeaseDeps } from './stop-lease.ts'

export type RestartLease = (command: LeaseCommand) => Promise<Lease>

/** Gives the machine back and asks for another one with the same disk, under the same lease. */
export function makeRestartLease(deps: StopLeaseDeps): RestartLease {
  return async (command) => {
    const lease = await changeLease(deps, command, 'restart asked for', (previous) => {
      if (previous.state === 'stopping' && previous.reason === 'restarted-by-tenant')
        return previous
      requireLeaseAction(previous, 'restart')
      if (!isLiving(previous)) return previous
      return endLease(previous, 'restarted-by-tenant', deps.clock.now(), deps.rules.lease.graceMs)
    })
    await deps.access.revokeLease(lease.id)
    return lease
  }
}
