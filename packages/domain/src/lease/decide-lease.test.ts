import { aLease, aShape, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { MachineTypeName } from '../shared/ids.ts'
import { decideLease, lookAgainAt, type MachineSighting } from './decide-lease.ts'
import { isLiving, type LivingLease } from './lease.ts'
import { type LeaseEndReason, leaseEndReasons } from './lease-end-reason.ts'
import { canMoveLease } from './lease-state.ts'

const deadlines = { queueMs: 100, bootMs: 100, graceMs: 30, keepStoppedMs: 1_000 }
const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: 8_888 }
const gone: MachineSighting = { kind: 'absent', disk: 'none' }
const off: MachineSighting = { kind: 'absent', disk: 'kept' }
const booting: MachineSighting = { kind: 'booting' }
const running: MachineSighting = { kind: 'running', address }
const refused: MachineSighting = { kind: 'refused', detail: 'does not fit' }
const unknown: MachineSighting = { kind: 'unknown' }
const sightings = { gone, off, booting, running, refused, unknown }

const early = testNow
const late = testNow + 10_000_000_000
const decide = (lease: LivingLease, seen: MachineSighting, now = early) =>
  decideLease(lease, seen, now, deadlines)
const neverRan = { expiresAt: null }
const hasRun = { expiresAt: late + 1, generation: 2 }

describe('a provisioning lease', () => {
  it.each([
    { when: 'nothing is there yet', seen: gone, facts: neverRan, step: { do: 'start-machine' } },
    { when: 'it boots', seen: booting, facts: neverRan, step: { do: 'wait' } },
    { when: 'its disk waits for it', seen: off, facts: hasRun, step: { do: 'start-machine' } },
    { when: 'the driver cannot tell', seen: unknown, facts: neverRan, step: { do: 'wait' } },
  ])('does $step.do when $when', ({ seen, facts, step }) => {
    expect(decide(aLease.provisioning(facts), seen)).toEqual(step)
  })

  it('becomes ready when its machine answers, and its time begins', () => {
    const step = decide(aLease.provisioning({ timeToLiveMs: 5_000 }), running)

    expect(step).toMatchObject({
      do: 'move',
      to: { state: 'ready', address, expiresAt: testNow + 5_000, enteredStateAt: testNow },
    })
  })

  it('keeps the end it had when it comes back with another machine', () => {
    const step = decide(aLease.provisioning(hasRun), running)

    expect(step).toMatchObject({ to: { state: 'ready', expiresAt: late + 1 } })
  })

  it.each([
    {
      when: 'it was refused',
      seen: refused,
      facts: neverRan,
      now: early,
      reason: 'machine-refused',
    },
    {
      when: 'it did not boot in time',
      seen: booting,
      facts: neverRan,
      now: late,
      reason: 'boot-timed-out',
    },
    { when: 'it never appeared', seen: gone, facts: neverRan, now: late, reason: 'boot-timed-out' },
    {
      when: 'a later machine was refused',
      seen: refused,
      facts: hasRun,
      now: early,
      reason: 'start-failed',
    },
    {
      when: 'a later machine did not boot',
      seen: booting,
      facts: hasRun,
      now: late,
      reason: 'start-failed',
    },
    // An empty machine in the place of the one with their work would be a silent loss.
    {
      when: 'the disk with their work is gone',
      seen: gone,
      facts: hasRun,
      now: early,
      reason: 'machine-lost',
    },
  ])('ends with $reason when $when', ({ seen, facts, now, reason }) => {
    expect(decide(aLease.provisioning(facts), seen, now)).toMatchObject({
      do: 'move',
      to: { state: 'stopping', reason },
    })
  })
})

describe('a ready lease', () => {
  const lease = aLease.ready({ expiresAt: late })

  it.each([
    { when: 'its machine answers', seen: running },
    { when: 'its machine restarts by itself', seen: booting },
    { when: 'the driver cannot tell', seen: unknown },
  ])('is left alone when $when', ({ seen }) => {
    expect(decide(lease, seen)).toEqual({ do: 'wait' })
  })

  it.each([
    { when: 'its time has run out', seen: running, now: late, reason: 'expired' },
    { when: 'the guest shut itself down', seen: off, now: early, reason: 'powered-off' },
    { when: 'machine and disk are gone', seen: gone, now: early, reason: 'machine-lost' },
  ])('stops with $reason when $when', ({ seen, now, reason }) => {
    expect(decide(lease, seen, now)).toMatchObject({ to: { state: 'stopping', reason } })
  })

  // A driver outage must never be read as "the machine is gone".
  it('is left alone when the driver cannot tell, even past its expiry', () => {
    expect(decide(aLease.ready({ expiresAt: 1 }), unknown, late)).toEqual({ do: 'wait' })
  })
})

describe('a stopping lease', () => {
  const reasons = Object.keys(leaseEndReasons) as LeaseEndReason[]

  it.each(reasons)('that ends by %s goes where the reason leads once nothing is left', (reason) => {
    const step = decide(aLease.stopping({ reason }), gone)

    expect(step).toMatchObject({ do: 'move', to: { state: leaseEndReasons[reason] } })
  })

  it.each([booting, running, off, refused])('for good is destroyed while it is $kind', (seen) => {
    const lease = aLease.stopping({ reason: 'released-by-tenant' })

    expect(decide(lease, seen)).toEqual({ do: 'destroy-machine' })
  })

  it('asks the guest first and pulls the plug after the grace', () => {
    const lease = aLease.stopping({ reason: 'stopped-by-tenant', graceEndsAt: testNow + 10 })

    expect(decide(lease, running, testNow + 9)).toEqual({ do: 'stop-machine', how: 'graceful' })
    expect(decide(lease, running, testNow + 10)).toEqual({ do: 'stop-machine', how: 'forced' })
  })

  it.each([off, refused])('that keeps its disk has stopped when it is $kind', (seen) => {
    const step = decide(aLease.stopping({ reason: 'stopped-by-tenant' }), seen)

    expect(step).toMatchObject({ to: { state: 'stopped', keepUntil: testNow + 1_000 } })
  })

  it('that restarts asks for another machine, with a deadline', () => {
    const step = decide(aLease.stopping({ reason: 'restarted-by-tenant' }), off)

    expect(step).toMatchObject({ to: { state: 'queued', queueDeadlineAt: testNow + 100 } })
  })

  it.each([
    { reason: 'restarted-by-tenant', state: 'queued' },
    { reason: 'stopped-by-tenant', state: 'stopped' },
    { reason: 'powered-off', state: 'stopped' },
  ] as const)('has the size it wanted when it is $state, by $reason', ({ reason, state }) => {
    const size = { machineType: 'small' as MachineTypeName, pricePerHourMicros: 7 }
    const shape = aShape({ memoryMiB: 2_048 })
    const wantedSize = { ...size, shape, askedAt: testNow }

    const step = decide(aLease.stopping({ reason, wantedSize }), off)

    expect(step).toMatchObject({ to: { ...size, state, shape, wantedSize: null } })
  })
})

describe('a lease that waits', () => {
  it('in the queue fails when its time is up', () => {
    const lease = aLease.queued({ queueDeadlineAt: testNow + 5 })

    expect(decide(lease, unknown, testNow + 4)).toEqual({ do: 'wait' })
    expect(decide(lease, unknown, testNow + 5)).toMatchObject({
      to: { state: 'failed', reason: 'queue-timed-out' },
    })
  })

  it('in the queue with work on its disk goes back to rest instead', () => {
    const step = decide(aLease.queued(hasRun), unknown, late)

    expect(step).toMatchObject({ to: { state: 'stopping', reason: 'start-failed' } })
  })

  it('with its disk is given back when nobody wanted it for long enough', () => {
    const step = decide(aLease.stopped({ keepUntil: testNow + 5 }), off, testNow + 5)

    expect(step).toMatchObject({ to: { state: 'stopping', reason: 'expired' } })
  })

  it.each([booting, running])('with its disk has a machine that is $kind taken away', (seen) => {
    expect(decide(aLease.stopped(), seen)).toEqual({ do: 'stop-machine', how: 'forced' })
  })
})

describe('every living lease, whatever is seen and whenever', () => {
  const living: LivingLease[] = [
    aLease.queued(),
    aLease.queued(hasRun),
    aLease.provisioning(),
    aLease.provisioning(hasRun),
    aLease.ready(),
    ...(Object.keys(leaseEndReasons) as LeaseEndReason[]).map((reason) =>
      aLease.stopping({ reason }),
    ),
    aLease.stopped(),
  ]
  const cases = living.flatMap((lease) =>
    Object.values(sightings).flatMap((seen) => [early, late].map((now) => ({ lease, seen, now }))),
  )

  it.each(cases)(
    '$lease.state moves only along the table when $seen.kind',
    ({ lease, seen, now }) => {
      const step = decide(lease, seen, now)

      if (step.do !== 'move') return
      expect(canMoveLease(lease.state, step.to.state)).toBe(true)
      expect(step.to.version).toBe(lease.version + 1)
      expect(step.to.id).toBe(lease.id)
    },
  )

  it.each(cases)('$lease.state is looked at again while it lives', ({ lease, now }) => {
    expect(lookAgainAt(lease, now)).not.toBeNull()
  })

  it('never starts, stops or destroys anything on a guess', () => {
    for (const lease of living)
      for (const now of [early, late])
        expect(['wait', 'move']).toContain(decide(lease, unknown, now).do)
  })

  it.each([aLease.released(), aLease.failed()])('but $state is never looked at again', (lease) => {
    expect(isLiving(lease)).toBe(false)
    expect(lookAgainAt(lease, early)).toBeNull()
  })
})
