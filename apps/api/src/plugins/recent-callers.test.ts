import { aCaller, manualClock } from '@leasehold/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeRecentCallers } from './recent-callers.ts'

const header = 'Bearer a.b.c'

describe('a caller who was let in just now', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('is known by the same header, and by no other', () => {
    const clock = manualClock()
    const recent = makeRecentCallers(clock)
    const caller = aCaller('olivia', 'acme', 'owner', { expiresAt: clock.now() + 60_000 })
    recent.remember(header, caller)

    expect(recent.find(header)).toBe(caller)
    expect(recent.find(`${header}d`)).toBeNull()
  })

  it('is not known by another token that ends alike', () => {
    const clock = manualClock()
    const recent = makeRecentCallers(clock)
    const caller = aCaller('olivia', 'acme', 'owner', { expiresAt: clock.now() + 60_000 })
    const signature = 's'.repeat(86)
    recent.remember(`Bearer e30.acme.${signature}`, caller)

    expect(recent.find(`Bearer e30.acme.${signature}`)).toBe(caller)
    expect(recent.find(`Bearer e30.globex.${signature}`)).toBeNull()
  })

  it('is asked for a token again two seconds after the first of them came', () => {
    const clock = manualClock()
    const recent = makeRecentCallers(clock)
    const caller = aCaller('olivia', 'acme', 'owner', { expiresAt: clock.now() + 60_000 })
    recent.remember('Bearer first', caller)
    clock.advance(1_500)
    recent.remember(header, caller)

    clock.advance(500)

    expect(recent.find(header)).toBeNull()
  })

  it('is forgotten then even if nobody asks, and may be known anew', () => {
    const clock = manualClock()
    const recent = makeRecentCallers(clock)
    const caller = aCaller('olivia', 'acme', 'owner', { expiresAt: clock.now() + 60_000 })
    recent.remember(header, caller)

    vi.advanceTimersByTime(2_000)

    expect(recent.find(header)).toBeNull()
    recent.remember(header, caller)
    expect(recent.find(header)).toBe(caller)
  })

  it('is not known past the end of the token', () => {
    const clock = manualClock()
    const recent = makeRecentCallers(clock)
    recent.remember(header, aCaller('olivia', 'acme', 'owner', { expiresAt: clock.now() + 100 }))

    clock.advance(100)

    expect(recent.find(header)).toBeNull()
  })
})
