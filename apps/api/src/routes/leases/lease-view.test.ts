import {
  leaseReasonNames,
  leaseStateNames,
  taskReasonNames,
  taskStateNames,
} from '@leasehold/contract'
import { leaseEndReasons, leaseStates, taskEndReasons, taskStates } from '@leasehold/domain'
import { aLease } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { leaseView } from './lease-view.ts'

const directions = { ssh: () => null, jupyterOrigin: () => 'http://lse-1.localhost' }
const usage = { seconds: 0, costMicros: 0 }

describe('the wire', () => {
  it('knows every state and reason of the domain, and no others', () => {
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
