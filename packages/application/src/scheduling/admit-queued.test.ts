import type { LeaseId, MachineTypeName, PoolName, TenantId } from '@leasehold/domain'
import { aCapacity, aLeaseRequest, aNode, aPlatform, aTaskRequest } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeListPools } from '../catalogue/list-pools.ts'
import { makeReleaseLease } from '../leases/release-lease.ts'
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

describe('admitting to a pool of nodes', () => {
  const node = (name: string, free: number) =>
    aNode({ name, total: { 'cpu-milli': 2_000 }, free: { 'cpu-milli': free } })

  it('lets in what fits on one node, whatever is free in all', async () => {
    const platform = await aPlatform()
    platform.machines.capacity = async () => aCapacity([node('a', 1_000), node('b', 1_000)])
    const request = makeRequestLease(platform)
    const two = await request(aLeaseRequest({ machineType: 'small' as MachineTypeName }))
    const one = await request(aLeaseRequest({ tenantId: 'ten_globex' as TenantId }))

    await makeAdmitQueued(platform)(local, signal)

    expect(platform.memory.leases.get(two.id)?.item).toMatchObject({
      state: 'queued',
      waitingFor: 'vcpu in the pool: 2 free, but no node has 2',
    })
    // The place of the one in front is kept on one node; the other node is free for this one.
    expect(platform.memory.leases.get(one.id)?.item.state).toBe('provisioning')
  })

  it('counts what it gave away until the pool sees it there, and then no more', async () => {
    const platform = await aPlatform({ bootMs: 60_000 })
    const request = makeRequestLease(platform)
    let capacity = aCapacity([node('a', 2_000)])
    platform.machines.capacity = async () => capacity
    const states = () => [...platform.memory.leases.values()].map(({ item }) => item.state)
    const first = await request(aLeaseRequest())
    await makeAdmitQueued(platform)(local, signal)
    await request(aLeaseRequest({ machineType: 'small' as MachineTypeName }))

    await makeAdmitQueued(platform)(local, signal)
    expect(states()).toEqual(['provisioning', 'queued'])

    await request(aLeaseRequest())
    capacity = aCapacity([node('a', 1_000)], { placed: new Set([first.id]) })
    await makeReleaseLease(platform)({
      tenantId: first.tenantId,
      memberId: first.createdBy,
      leaseId: [...platform.memory.leases.values()][1]?.item.id as LeaseId,
    })
    await makeAdmitQueued(platform)(local, signal)

    expect(states()).toEqual(['provisioning', 'released', 'provisioning'])
  })

  it('refuses at once what no node could ever hold', async () => {
    const platform = await aPlatform()
    platform.machines.capacity = async () =>
      aCapacity([1, 2].map((n) => aNode({ name: `${n}`, total: { 'cpu-milli': 1_500 } })))

    await expect(
      makeRequestLease(platform)(aLeaseRequest({ machineType: 'small' as MachineTypeName })),
    ).rejects.toMatchObject({
      code: 'pool/too-small',
      message:
        'No pool could ever hold this: it needs a larger node: vcpu: 3 in all, but no node has 2.',
    })
  })

  it('shows what stands on the nodes as taken, whoever put it there', async () => {
    const platform = await aPlatform()
    platform.machines.capacity = async () => aCapacity([node('a', 500), node('b', 2_000)])

    const [report] = await makeListPools(platform)()

    expect(report?.room).toMatchObject({
      total: { vcpu: 4 },
      free: { vcpu: 2 },
      occupied: { vcpu: 2 },
    })
  })
})
