import { aLease, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { decideLease, lookAgainAt, type MachineSighting } from './decide-lease.ts'
import { deviates } from './standing-lease.ts'

const deadlines = { queueMs: 100, bootMs: 100, graceMs: 30, keepStoppedMs: 1_000 }
const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: 8_888 }
const sightings: readonly MachineSighting[] = [
  { kind: 'absent', disk: 'none' },
  { kind: 'absent', disk: 'kept' },
  { kind: 'booting' },
  { kind: 'booting', obstacle: { code: 'node-lost', detail: 'its node does not answer' } },
  { kind: 'running', address },
  { kind: 'refused', detail: 'does not fit' },
  { kind: 'unknown' },
]
const standing = [aLease.ready(), aLease.stopped()]
const cases = standing.flatMap((lease) => sightings.map((seen) => ({ lease, seen })))

describe('a standing lease', () => {
  // Both ways: a look too few would leave a dead machine standing, one too many would cost statements for nothing.
  it.each(cases)('$lease.state deviates just when a step would follow from $seen', (one) => {
    const step = decideLease(one.lease, one.seen, testNow, deadlines)

    expect(deviates(one.lease, one.seen)).toBe(step.do !== 'wait')
  })

  it('is left to the comparison of all until its time is over', () => {
    expect(lookAgainAt(aLease.ready({ expiresAt: testNow + 9_000_000 }), testNow)).toBe(
      testNow + 9_000_000,
    )
    expect(lookAgainAt(aLease.stopped({ keepUntil: testNow + 9_000_000 }), testNow)).toBe(
      testNow + 9_000_000,
    )
  })

  it('is looked at by itself while something is in its way', () => {
    const obstacle = { code: 'node-lost', detail: 'x', since: testNow, notedAt: testNow } as const
    const lease = aLease.ready({ expiresAt: testNow + 9_000_000, obstacle })

    expect(lookAgainAt(lease, testNow)).toBe(testNow + 30_000)
  })

  it('is looked at every second, and not all the time, when its time is over and nothing is known', () => {
    expect(lookAgainAt(aLease.ready({ expiresAt: testNow - 1 }), testNow)).toBe(testNow + 1_000)
    expect(lookAgainAt(aLease.stopped({ keepUntil: testNow - 1 }), testNow)).toBe(testNow + 1_000)
  })
})

describe('a lease whose machine boots', () => {
  const enteredStateAt = testNow
  const bootDeadlineAt = testNow + 600_000
  const lease = aLease.provisioning({ enteredStateAt, bootDeadlineAt })

  it.each([
    { ageMs: 0, waitMs: 1_000 },
    { ageMs: 4_000, waitMs: 1_000 },
    { ageMs: 20_000, waitMs: 5_000 },
    { ageMs: 300_000, waitMs: 15_000 },
    // Neither behind its deadline, nor all the time after it; and a clock that was set back changes nothing.
    { ageMs: 595_000, waitMs: 5_000 },
    { ageMs: 700_000, waitMs: 1_000 },
    { ageMs: -700_000, waitMs: 1_000 },
  ])('is looked at again $waitMs ms later when it is $ageMs ms old', ({ ageMs, waitMs }) => {
    const now = testNow + ageMs

    expect(lookAgainAt(lease, now)).toBe(now + waitMs)
  })
})
