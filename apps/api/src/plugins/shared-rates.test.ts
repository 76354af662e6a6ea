import type { BucketTakes, SharedBuckets } from '@leasehold/application'
import { manualClock } from '@leasehold/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeSharedRates } from './shared-rates.ts'

const limit = { perSecond: 1, burst: 10 }
const settleMs = 100

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** Buckets that never refill, so that every number is one of takes. */
function sharedBuckets() {
  const left = new Map<string, number>()
  const calls: (readonly BucketTakes[])[] = []
  const state = { isAway: false }
  const shared: SharedBuckets = {
    async settle(takes) {
      calls.push(takes)
      if (state.isAway) throw new Error('away')
      return takes.map(({ key, taken, burst }) => {
        const rest = (left.get(key) ?? burst) - taken
        left.set(key, rest)
        return rest
      })
    },
  }
  return { shared, calls, left, state }
}

function twoReplicas() {
  const place = sharedBuckets()
  const lines: string[] = []
  const line = (_facts: object, message: string) => void lines.push(message)
  const clock = manualClock()
  const log = { info: line, warn: line, error: line }
  const open = () => makeSharedRates(place.shared, clock, log)('read', limit)
  const takeFrom = (buckets: ReturnType<typeof open>, count: number) => {
    const answers = Array.from({ length: count }, () => buckets.take('acme', clock.now()))
    return answers.filter(({ allowed }) => allowed).length
  }
  return { ...place, lines, clock, one: open(), other: open(), takeFrom }
}

describe('rates that replicas share', () => {
  it('count what another replica let pass, a moment later', async () => {
    const { one, other, takeFrom } = twoReplicas()

    expect(takeFrom(one, 6)).toBe(6)
    await vi.advanceTimersByTimeAsync(settleMs)
    expect(takeFrom(other, 1)).toBe(1)
    await vi.advanceTimersByTimeAsync(settleMs)

    expect(takeFrom(other, 10)).toBe(3)
  })

  it('make replicas work off what they took together without knowing', async () => {
    const { one, other, takeFrom, clock } = twoReplicas()

    expect(takeFrom(one, 10) + takeFrom(other, 10)).toBe(20)
    await vi.advanceTimersByTimeAsync(settleMs)
    expect([takeFrom(one, 1), takeFrom(other, 1)]).toContain(0)
    clock.advance(5_000)

    expect(takeFrom(other, 1)).toBe(0)
  })

  it('make no request wait and no call while nothing is taken', async () => {
    const { one, takeFrom, calls } = twoReplicas()

    takeFrom(one, 3)
    expect(calls).toHaveLength(0)
    await vi.advanceTimersByTimeAsync(10 * settleMs)

    expect(calls).toEqual([[{ key: 'read:acme', taken: 3, ...limit }]])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('do not lose what is taken while they are being settled', async () => {
    const { one, takeFrom, left } = twoReplicas()
    takeFrom(one, 2)
    await vi.advanceTimersByTimeAsync(settleMs)
    takeFrom(one, 3)

    await vi.advanceTimersByTimeAsync(settleMs)

    expect(left.get('read:acme')).toBe(5)
    expect(takeFrom(one, 10)).toBe(5)
  })

  it('are those of each replica alone while they cannot be told: neither open nor closed', async () => {
    const { one, other, takeFrom, state, lines } = twoReplicas()
    state.isAway = true

    expect(takeFrom(one, 12)).toBe(10)
    expect(takeFrom(other, 12)).toBe(10)
    await vi.advanceTimersByTimeAsync(3 * settleMs)
    expect(takeFrom(one, 1)).toBe(0)
    expect(lines).toEqual(Array(2).fill('rate limits are counted by each replica alone'))

    state.isAway = false
    await vi.advanceTimersByTimeAsync(settleMs)
    expect(lines).toHaveLength(2)
  })
})
