import {
  leaseObstacleCodes,
  leaseReasonNames,
  leaseStateNames,
  taskReasonNames,
  taskStateNames,
} from '@leasehold/contract'
import {
  leaseEndReasons,
  leaseStates,
  machineObstacles,
  taskEndReasons,
  taskStates,
} from '@leasehold/domain'
import { aLease, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { leaseView } from './lease-view.ts'

const directions = { ssh: () => null, jupyterOrigin: () => 'http://lse-1.localhost' }
const usage = { seconds: 0, costMicros: 0 }

describe('the wire', () => {
  it('knows every state, reason and obstacle of the domain, and no others', () => {
    expect(leaseObstacleCodes).toEqual(machineObstacles)
    const stored = leaseStates.filter((state) => state !== 'requested')
    expect([...leaseStateNames].sort()).toEqual(stored.sort())
    expect([...leaseReasonNames].sort()).toEqual(Object.keys(leaseEndReasons).sort())
    expect([...taskStateNames].sort()).toEqual([...taskStates].sort())
    expect([...taskReasonNames].sort()).toEqual(Object.keys(taskEndReasons).sort())
  })
})

describe('a lease on the wire', () => {
  it.each([
    { lease: aLease.queued(), met: [], deadlineAt: '2026-01-05T12:30:00.000Z' },
    { lease: aLease.provisioning(), met: ['placed'], deadlineAt: '2026-01-05T12:10:00.000Z' },
    {
      lease: aLease.ready(),
      met: ['placed', 'booted', 'reachable', 'disk-kept'],
      deadlineAt: '2026-01-05T13:00:00.000Z',
    },
  ])(
    'in the state $lease.state has met $met and ends by itself at $deadlineAt',
    ({ lease, met, deadlineAt }) => {
      const view = leaseView({ lease, usage }, directions)

      expect(view.conditions.filter((one) => one.met).map(({ type }) => type)).toEqual(met)
      expect(view.deadlineAt).toBe(deadlineAt)
    },
  )

  const obstacle = {
    code: 'no-room',
    detail: '3 GPUs are free, but no node has 2.',
    since: testNow,
    notedAt: testNow + 1,
  } as const

  it.each([
    { lease: aLease.provisioning({ obstacle }), type: 'booted', waitingFor: obstacle.detail },
    { lease: aLease.ready({ obstacle }), type: 'reachable', waitingFor: null },
  ])(
    'in the state $lease.state says what is in the way of $type, since when, and what to do',
    ({ lease, type, waitingFor }) => {
      const view = leaseView({ lease, usage }, directions)

      expect(view.waitingFor).toBe(waitingFor)
      expect(view.conditions.filter((one) => one.obstacle !== null)).toEqual([
        {
          type,
          met: false,
          since: '2026-01-05T12:00:00.000Z',
          obstacle: {
            code: 'no-room',
            detail: obstacle.detail,
            whatToDo: expect.stringContaining('Wait'),
            since: '2026-01-05T12:00:00.000Z',
          },
        },
      ])
    },
  )

  it('tells what led to its end', () => {
    const lease = aLease.failed({ reasonDetail: 'no-room: nothing became free' })

    expect(leaseView({ lease, usage }, directions)).toMatchObject({
      reason: 'boot-timed-out',
      reasonDetail: 'no-room: nothing became free',
    })
  })

  it('has no Jupyter where the machine has none', () => {
    const address = { host: '127.0.0.1', sshPort: 22, jupyterPort: null }

    const view = leaseView({ lease: aLease.ready({ address }), usage }, directions)

    expect(view.access.jupyter).toBeNull()
  })

  it('keeps keys and addresses inside', () => {
    const text = JSON.stringify(leaseView({ lease: aLease.ready(), usage }, directions))

    expect(text).not.toContain('ssh-ed25519')
    expect(text).not.toContain('sshPort')
  })
})
