import { endLease, isLiving, type Lease, requireLeaseAction } from '@leasehold/domain'
import type { AccessStore } from '../ports/access-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type ChangeLeaseDeps, changeLease, type LeaseCommand } from './change-lease.ts'

export type StopLeaseDeps = ChangeLeaseDeps & {
  readonly access: Pick<AccessStore, 'revokeLease'>
  readonly clock: Clock
  readonly rules: RentalRules
}
export type StopLease = (command: LeaseCommand) => Promise<Lease>

/** Gives the machine back and keeps the disk. Repeating it while it stops changes nothing. */
export function makeStopLease(deps: StopLeaseDeps): StopLease {
  return async (command) => {
    const lease = await changeLease(deps, command, 'stop asked for', (previous) => {
      if (previous.state === 'stopping' && previous.reason === 'stopped-by-tenant') return previous
      if (previous.state === 'stopped') return previous
      requireLeaseAction(previous, 'stop')
      if (!isLiving(previous)) return previous
      return endLease(previous, 'stopped-by-tenant', deps.clock.now(), deps.rules.lease.graceMs)
    })
    await deps.access.revokeLease(lease.id)
    return lease
  }
}
