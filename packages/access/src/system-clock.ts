import type { Clock } from '@leasehold/application'

/** The computer's own clock, in milliseconds since the epoch. */
export const systemClock: Clock = { now: () => Date.now() }
