import { type Lease, requireLeaseAction, startLease } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { type ChangeLeaseDeps, changeLease, type LeaseCommand } from './change-lease.ts'

export type StartLeaseDeps = ChangeLeaseDeps & {
  readonly clock: Clock
  readonly rules: RentalRules
}
export type StartLease = (command: LeaseCommand) => Promise<Lease>

/** Puts a stopped lease back in the queue. Throws `quota/exceeded` when its CPUs and memory were given to others meanwhile. */
export function makeStartLease(deps: StartLeaseDeps): StartLease {
  return (command) =>
    changeLease(deps, command, 'start asked for', (previous) => {
      requireLeaseAction(previous, 'start')
      if (previous.state !== 'stopped') return previous
      return startLease(previous, deps.clock.now(), deps.rules.lease.queueMs)
    })
}
