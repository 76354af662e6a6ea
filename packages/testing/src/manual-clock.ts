import type { Clock } from '@leasehold/application'
import type { Instant } from '@leasehold/domain'

/** A clock that stands still until a test moves it, backwards too. */
export type ManualClock = Clock & {
  advance(ms: number): void
  set(at: Instant): void
}

/** 2026-01-05 12:00 UTC: far from the ends of hours, days and years. */
export const testNow: Instant = 1_767_614_400_000

export function manualClock(start: Instant = testNow): ManualClock {
  let at = start
  return {
    now: () => at,
    advance(ms) {
      at += ms
    },
    set(next) {
      at = next
    },
  }
}
