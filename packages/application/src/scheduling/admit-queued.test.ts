import type { PoolName, TenantId } from '@leasehold/domain'
import { aLeaseRequest, aPlatform, aTaskRequest } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeRequestLease } from '../leases/request-lease.ts'
import { makeSubmitTask } from '../tasks/submit-task.ts'
import { makeAdmitQueued } from './admit-queued.ts'

const { signal } = new AbortController()
const local = 'local' as PoolName
const wide = { machineType: null, vcpus: 5, memoryMiB: null, diskGiB: null, gpus: [] }

describe('admitting those that wait', () => {
  it('moves what fits and hints it, and tells the others why they wait', async () => {
    const platform = await aPlatform()
    const submit = makeSubmitTask(platform)
    await submit(aTaskRequest({ name: 'first', resources: wide }), signal)
    await submit(aTaskRequest({ name: 'second', resources: wide }), signal)
    platform.hints.take()

    const report = await makeAdmitQueued(platform)(local, signal)

    expect(report).toEqual({ outcome: 'planned', admitted: 1, waiting: 1 })
    const tasks = [...platform.memory.tasks.values()].map(({ item, position }) => ({
      item,
      position,
    }))
    expect(tasks).toMatchObject([
      { item: { name: 'first', state: 'starting', attempt: 1 } },
      { item: { name: 'second', waitingFor: 'vcpu in the pool: needs 5, free 3' }, position: 1 },
    ])
    expect(platform.hints.waiting().map(({ job }) => job)).toEqual(['reconcile-task'])
  })

  it('serves a lease, for which someone waits, before tasks', async () => {
    const platform = await aPlatform()
    const all = { ...wide, vcpus: 8 }
    await makeSubmitTask(platform)(aTaskRequest({ resources: all, priority: 100 }), signal)
    const lease = await makeRequestLease(platform)(aLeaseRequest())

    await makeAdmitQueued(platform)(local, signal)

    expect(platform.memory.leases.get(lease.id)?.item.state).toBe('provisioning')
    expect([...platform.memory.tasks.values()][0]?.item.state).toBe('queued')
  })

  it('keeps a task back that its tenant has no quota for, and nobody behind it', async () => {
    const platform = await aPlatform()
    const submit = makeSubmitTask(platform)
    await platform.quotas.setLimit('ten_acme' as TenantId, 'vcpu', 4, { kind: 'operator', id: 'o' })
    await submit(aTaskRequest({ resources: wide }), signal)
    await submit(aTaskRequest({ resources: wide, tenantId: 'ten_globex' as TenantId }), signal)

    await makeAdmitQueued(platform)(local, signal)

    const states = [...platform.memory.tasks.values()].map(({ item }) => item.state)
    expect(states).toEqual(['queued', 'starting'])
  })

  // Two plans that read the same free room would give it away twice.
  it('makes one plan of a pool at a time', async () => {
    const platform = await aPlatform()
    const admitQueued = makeAdmitQueued(platform)
    await makeRequestLease(platform)(aLeaseRequest())

    const reports = await Promise.all([admitQueued(local, signal), admitQueued(local, signal)])

    expect(reports.map(({ outcome }) => outcome).sort()).toEqual(['busy', 'planned'])
  })

  it('plans again after one that failed', async () => {
    const platform = await aPlatform()
    const admitQueued = makeAdmitQueued(platform)
    await makeRequestLease(platform)(aLeaseRequest())
    platform.machines.faults.next('capacity', { kind: 'fail-before' })

    await expect(admitQueued(local, signal)).rejects.toThrow('injected')

    expect(await admitQueued(local, signal)).toMatchObject({ admitted: 1 })
  })

  it('does not carry out a plan that took too long', async () => {
    const platform = await aPlatform()
    await makeRequestLease(platform)(aLeaseRequest())
    const late = Promise.resolve().then(() => platform.clock.advance(16_000))
    platform.machines.faults.next('capacity', { kind: 'slow', until: late })

    expect(await makeAdmitQueued(platform)(local, signal)).toMatchObject({ admitted: 0 })
  })

  it('asks no driver when nobody waits', async () => {
    const platform = await aPlatform()

    await makeAdmitQueued(platform)(local, signal)

    expect(platform.machines.faults.calls('capacity')).toBe(0)
  })

  it('knows nothing of a pool that is not open here', async () => {
    const platform = await aPlatform()

    expect(await makeAdmitQueued(platform)('moon' as PoolName, signal)).toMatchObject({
      outcome: 'no-such-pool',
    })
  })
})
