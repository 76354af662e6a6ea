import { extendLease, type Lease, requireLeaseAction } from '@leasehold/domain'
import { changeLease, type LeaseCommand } from './change-lease.ts'
import type { StartLeaseDeps } from './start-lease.ts'

export type ExtendLease = (command: LeaseCommand & { readonly byMs: number }) => Promise<Lease>

/** Moves the end of a lease; at most the longest time to live from now. */
export function makeExtendLease(deps: StartLeaseDeps): ExtendLease {
  const { clock, rules } = deps
  return (command) =>
    changeLease(deps, command, `extended by ${command.byMs / 1_000} s`, (previous) => {
      requireLeaseAction(previous, 'extend')
      if (previous.state !== 'ready' && previous.state !== 'stopped') return previous
      const mostMs =
        previous.state === 'ready'
          ? rules.lease.maxTimeToLiveMs
          : rules.lease.keepStoppedMs + rules.lease.maxTimeToLiveMs
      return extendLease(previous, command.byMs, clock.now(), mostMs)
    })
}
