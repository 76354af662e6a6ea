export type LeaseState = keyof typeof leaseTransitions

/**
 * Every allowed move. A state that may hold a machine or a disk leaves only through
 * `stopping`: reaching an end state is a promise that no machine and no disk is left.
 * `stopping -> queued` is a restart: the same lease asks for a machine again.
 */
export const leaseTransitions = {
  requested: ['queued', 'failed'],
  queued: ['provisioning', 'stopping', 'released', 'failed'],
  provisioning: ['ready', 'stopping'],
  ready: ['stopping'],
  stopping: ['stopped', 'queued', 'released', 'failed'],
  stopped: ['queued', 'stopping'],
  released: [],
  failed: [],
} as const

export const leaseStates = Object.keys(leaseTransitions) as LeaseState[]

export function canMoveLease(from: LeaseState, to: LeaseState): boolean {
  return (leaseTransitions[from] as readonly LeaseState[]).includes(to)
}
