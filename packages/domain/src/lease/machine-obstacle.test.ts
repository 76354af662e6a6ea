import { aLease, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { decideLease, type MachineSighting } from './decide-lease.ts'
import type { LivingLease } from './lease.ts'
import { machineObstacles, obstacleAdvice } from './machine-obstacle.ts'

const deadlines = { queueMs: 100, bootMs: 100, graceMs: 30, keepStoppedMs: 1_000 }
const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: 8_888 }
const booting: MachineSighting = { kind: 'booting' }
const running: MachineSighting = { kind: 'running', address }
const gone: MachineSighting = { kind: 'absent', disk: 'none' }
const unknown: MachineSighting = { kind: 'unknown' }
const late = testNow + 10_000_000_000
const decide = (lease: LivingLease, seen: MachineSighting, now = testNow) =>
  decideLease(lease, seen, now, deadlines)
const neverRan = { expiresAt: null }
const hasRun = { expiresAt: late + 1, generation: 2 }

describe('an obstacle', () => {
  const full = { code: 'no-room', detail: 'needs 2, free 1' } as const
  const obstructed: MachineSighting = { kind: 'booting', obstacle: full }
  const noted = { ...full, since: testNow - 60_000, notedAt: testNow - 60_000 }

  it.each([
    { lease: aLease.provisioning(), state: 'provisioning' },
    { lease: aLease.ready(hasRun), state: 'ready' },
  ])('is noted with a lease that is $state, which goes on waiting', ({ lease, state }) => {
    const step = decide(lease, obstructed)

    const obstacle = { ...full, since: testNow, notedAt: testNow }
    expect(step).toMatchObject({ do: 'move', to: { state, obstacle, version: lease.version + 1 } })
  })

  it('is noted once', () => {
    const lease = aLease.provisioning({ obstacle: noted })

    expect(decide(lease, obstructed)).toEqual({ do: 'wait' })
  })

  it('gets new words after half a minute, and has been there since the first', () => {
    const seen = { kind: 'booting', obstacle: { ...full, detail: 'needs 2, free 0' } } as const
    const young = aLease.provisioning({ obstacle: { ...noted, notedAt: testNow - 29_999 } })
    const old = aLease.provisioning({ obstacle: { ...noted, notedAt: testNow - 30_000 } })

    expect(decide(young, seen)).toEqual({ do: 'wait' })
    expect(decide(old, seen)).toMatchObject({
      to: { obstacle: { detail: 'needs 2, free 0', since: noted.since, notedAt: testNow } },
    })
  })

  it('of another kind begins anew', () => {
    const seen = { kind: 'booting', obstacle: { code: 'node-lost', detail: 'gone' } } as const

    const step = decide(aLease.provisioning({ obstacle: noted }), seen)

    expect(step).toMatchObject({ to: { obstacle: { code: 'node-lost', since: testNow } } })
  })

  it.each([
    { lease: aLease.provisioning({ obstacle: noted }), seen: booting },
    { lease: aLease.ready({ ...hasRun, obstacle: noted }), seen: running },
  ])('that is gone from a $lease.state lease is forgotten', ({ lease, seen }) => {
    expect(decide(lease, seen)).toMatchObject({ do: 'move', to: { obstacle: null } })
  })

  it('is kept while the driver cannot tell', () => {
    expect(decide(aLease.provisioning({ obstacle: noted }), unknown)).toEqual({ do: 'wait' })
  })

  it('is over when the machine answers', () => {
    const step = decide(aLease.provisioning({ obstacle: noted }), running)

    expect(step).toMatchObject({ to: { state: 'ready', obstacle: null } })
  })

  it.each([
    { what: 'seen', seen: obstructed, obstacle: null },
    { what: 'noted', seen: booting, obstacle: noted },
  ])('that was $what when the time to boot ended is what the end says', ({ seen, obstacle }) => {
    const step = decide(aLease.provisioning({ obstacle }), seen, late)

    expect(step).toMatchObject({
      to: { reason: 'boot-timed-out', reasonDetail: 'no-room: needs 2, free 1' },
    })
  })

  it('stays with the lease to its end state', () => {
    const reasonDetail = 'no-room: needs 2, free 1'
    const lease = aLease.stopping({ ...neverRan, reason: 'boot-timed-out', reasonDetail })

    expect(decide(lease, gone)).toMatchObject({ to: { state: 'failed', reasonDetail } })
  })

  it('of every kind comes with what to do', () => {
    for (const code of machineObstacles) expect(obstacleAdvice[code]).toMatch(/\.$/)
  })
})
