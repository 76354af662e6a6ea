import { aLease, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { LivingLease } from './lease.ts'
import { leaseActionNames, leaseActions } from './lease-actions.ts'
import { leaseHolds, leaseOccupies } from './lease-holds.ts'
import {
  endLease,
  extendLease,
  hostNameOf,
  provisionLease,
  requireLeaseAction,
  startLease,
} from './move-lease.ts'

const leases = [
  aLease.queued(),
  aLease.provisioning(),
  aLease.ready(),
  aLease.stopping(),
  aLease.stopping({ reason: 'expired' }),
  aLease.stopped(),
  aLease.released(),
  aLease.failed(),
]

describe('an action', () => {
  it.each(leases)('of a lease that is $state is refused with what is possible instead', (lease) => {
    const possible = leaseActions(lease)

    for (const action of leaseActionNames) {
      const ask = () => requireLeaseAction(lease, action)
      if (possible.includes(action)) expect(ask).not.toThrow()
      else
        expect(ask).toThrow(
          expect.objectContaining({
            code: 'lease/action-not-possible',
            facts: { state: lease.state, action, possible: possible.join(',') },
          }),
        )
    }
  })

  it('release is possible wherever something is held that is not being given back', () => {
    const releasable = leases.filter((lease) => leaseActions(lease).includes('release'))

    expect(releasable.map(({ state }) => state)).toEqual([
      'queued',
      'provisioning',
      'ready',
      'stopping',
      'stopped',
    ])
  })
})

describe('ending a lease', () => {
  it('that never had a machine is over at once', () => {
    expect(endLease(aLease.queued(), 'released-by-tenant', testNow, 30)).toMatchObject({
      state: 'released',
      endedAt: testNow,
    })
    expect(endLease(aLease.queued(), 'queue-timed-out', testNow, 30)).toMatchObject({
      state: 'failed',
    })
  })

  it.each([
    aLease.queued({ generation: 1 }),
    aLease.provisioning(),
    aLease.ready(),
    aLease.stopped(),
  ])('that is $state goes through stopping, with a grace', (lease) => {
    expect(endLease(lease, 'released-by-tenant', testNow, 30)).toMatchObject({
      state: 'stopping',
      reason: 'released-by-tenant',
      graceEndsAt: testNow + 30,
    })
  })

  it('that stops to keep its disk can still be released', () => {
    const stopping: LivingLease = aLease.stopping({ reason: 'restarted-by-tenant' })

    expect(endLease(stopping, 'released-by-tenant', testNow, 30)).toMatchObject({
      reason: 'released-by-tenant',
    })
  })

  it('that ends already keeps its first reason', () => {
    const stopping = aLease.stopping({ reason: 'expired' })

    expect(endLease(stopping, 'released-by-tenant', testNow, 30)).toBe(stopping)
  })
})

describe('starting a stopped lease', () => {
  it('gives it its whole time again', () => {
    const lease = aLease.stopped({ expiresAt: testNow - 5, timeToLiveMs: 1_000 })

    expect(startLease(lease, testNow, 30)).toMatchObject({
      state: 'queued',
      expiresAt: testNow + 1_000,
      queueDeadlineAt: testNow + 30,
    })
  })

  it('never shortens the time it has left', () => {
    const lease = aLease.stopped({ expiresAt: testNow + 9_000, timeToLiveMs: 1_000 })

    expect(startLease(lease, testNow, 30).expiresAt).toBe(testNow + 9_000)
  })

  it('asks for a machine under a number of its own', () => {
    const queued = startLease(aLease.stopped({ generation: 3 }), testNow, 30)

    expect(provisionLease(queued, testNow, 60)).toMatchObject({
      generation: 4,
      bootDeadlineAt: testNow + 60,
    })
  })
})

describe('extending a lease', () => {
  it('moves its end', () => {
    const lease = aLease.ready({ expiresAt: testNow + 1_000 })

    expect(extendLease(lease, 500, testNow, 5_000)).toMatchObject({
      state: 'ready',
      expiresAt: testNow + 1_500,
      version: lease.version + 1,
    })
  })

  it('is refused beyond the longest time, with what is possible', () => {
    const lease = aLease.ready({ expiresAt: testNow + 4_000 })

    expect(() => extendLease(lease, 1_001, testNow, 5_000)).toThrow(
      expect.objectContaining({ code: 'request/invalid', facts: { asked: 1_001, free: 1_000 } }),
    )
  })

  it('that is stopped keeps its disk for longer', () => {
    const lease = aLease.stopped({ keepUntil: testNow + 1_000 })

    expect(extendLease(lease, 500, testNow, 5_000)).toMatchObject({ keepUntil: testNow + 1_500 })
  })
})

describe('what a lease holds', () => {
  const shape = { vcpu: 1, 'memory-mib': 1_024, 'disk-gib': 4 }

  it.each([aLease.queued(), aLease.provisioning(), aLease.ready(), aLease.stopping()])(
    'of its quota is all while it is $state',
    (lease) => {
      expect(leaseHolds(lease)).toEqual({ ...shape, leases: 1 })
    },
  )

  it('of its quota is its disk while it rests, and nothing when it is over', () => {
    expect(leaseHolds(aLease.stopped())).toEqual({ leases: 1, 'disk-gib': 4 })
    expect(leaseHolds(aLease.released())).toEqual({})
    expect(leaseHolds(aLease.failed())).toEqual({})
  })

  it('of its pool is nothing before the first machine, then at least its disk until the end', () => {
    expect(leaseOccupies(aLease.queued())).toEqual({})
    expect(leaseOccupies(aLease.ready())).toEqual(shape)
    expect(leaseOccupies(aLease.stopped())).toEqual({ 'disk-gib': 4 })
    expect(leaseOccupies(aLease.queued({ generation: 1 }))).toEqual({ 'disk-gib': 4 })
    expect(leaseOccupies(aLease.released())).toEqual({})
  })
})

describe('the host name of a machine', () => {
  it.each([
    { name: 'training', expected: 'training' },
    { name: 'My GPU box!', expected: 'my-gpu-box' },
    { name: '42nd try', expected: 'nd-try' },
    { name: '$(reboot)\n#cloud-config', expected: 'reboot-cloud-config' },
    { name: '训练', expected: 'm-lse-1' },
    { name: 'x', expected: 'm-lse-1' },
    { name: `${'a'.repeat(62)}-b`, expected: 'a'.repeat(62) },
  ])('is a DNS label for $name', ({ name, expected }) => {
    const hostName = hostNameOf({ ...aLease.queued(), name })

    expect(hostName).toBe(expected)
    expect(hostName).toMatch(/^[a-z][a-z0-9-]{0,61}[a-z0-9]$/)
  })
})
