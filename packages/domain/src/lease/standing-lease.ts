import { assertNever } from '../shared/assert-never.ts'
import type { LeaseId } from '../shared/ids.ts'
import type { MachineSighting } from './decide-lease.ts'
import type { Ready, Stopped } from './lease.ts'

/** One whose machine should stay as it is until somebody asks or its time is over. As little as comparing needs. */
export type StandingLease = {
  readonly id: LeaseId
  readonly state: (Ready | Stopped)['state']
  readonly generation: number
}

/**
 * Whether what was seen of the machine asks for a step although nobody asked and no time is over: then the
 * lease is worth a look. `decideLease` waits in all other cases; an obstacle that is noted already is looked at by
 * its own time. Nothing is concluded from `unknown`.
 */
export function deviates({ state }: Pick<StandingLease, 'state'>, seen: MachineSighting): boolean {
  switch (seen.kind) {
    case 'absent':
      return state === 'ready'
    case 'booting':
      return state === 'stopped' || seen.obstacle !== undefined
    case 'running':
      return state === 'stopped'
    case 'refused':
    case 'unknown':
      return false
    default:
      return assertNever(seen)
  }
}
