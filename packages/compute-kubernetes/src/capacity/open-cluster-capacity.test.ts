import type { GpuTypeName, LeaseId } from '@leasehold/domain'
import { describe, expect, it, onTestFinished } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { labelNames, managedBy } from '../object-names.ts'
import { someSettings } from '../tenancy/testing/some-settings.ts'
import { openClusterCapacity } from './open-cluster-capacity.ts'
import { aClaim, aDeviceClass, aSlice } from './testing/some-devices.ts'
import { aClusterNode, aClusterPod } from './testing/some-nodes.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const nodeRef = { kind: kinds.nodes, name: 'node-1' }
const lease = { [labelNames.managedBy]: managedBy, [labelNames.lease]: 'lse_1' }

async function opened(facts: Parameters<typeof someSettings>[0] = {}) {
  const kube = fakeKube()
  kube.put(kinds.nodes, aClusterNode())
  let rooms = 0
  const settings = someSettings(facts)
  const capacity = openClusterCapacity({ client: kube, settings, log, onRoom: () => rooms++ })
  onTestFinished(() => capacity.close())
  await capacity.synced(AbortSignal.timeout(5_000))
  return { kube, capacity, rooms: () => rooms }
}

const freeCpu = ({
  nodes = [],
}: ReturnType<Awaited<ReturnType<typeof opened>>['capacity']['read']>) =>
  nodes.map(({ free }) => free['cpu-milli'])

describe('the capacity of a cluster', () => {
  it('follows pods and nodes without asking again', async () => {
    const { kube, capacity } = await opened()
    const asked = kube.requests.length
    expect(freeCpu(capacity.read())).toEqual([8_000])

    kube.put(kinds.pods, aClusterPod({ requests: { cpu: '2' } }))
    await expect.poll(() => freeCpu(capacity.read())).toEqual([6_000])
    kube.put(kinds.nodes, aClusterNode({ name: 'node-2' }))
    await expect.poll(() => freeCpu(capacity.read())).toEqual([6_000, 8_000])
    kube.vanish({ kind: kinds.pods, namespace: 'default', name: 'pod-1' })
    await expect.poll(() => freeCpu(capacity.read())).toEqual([8_000, 8_000])

    expect(kube.requests.length).toBe(asked)
  })

  it('tells of more room when a pod goes or a node changes, and of nothing else', async () => {
    const { kube, capacity, rooms } = await opened()
    kube.put(kinds.pods, aClusterPod({ requests: { cpu: '2' } }))
    await expect.poll(() => freeCpu(capacity.read())).toEqual([6_000])
    const before = rooms()
    kube.edit(nodeRef, { metadata: { annotations: { heartbeat: '1' } } })
    kube.put(kinds.pods, aClusterPod({ name: 'pod-2', requests: { cpu: '1' } }))
    await expect.poll(() => freeCpu(capacity.read())).toEqual([5_000])
    expect(rooms()).toBe(before)

    kube.vanish({ kind: kinds.pods, namespace: 'default', name: 'pod-1' })
    await expect.poll(rooms).toBe(before + 1)
    kube.edit(nodeRef, { spec: { unschedulable: true } })
    await expect.poll(rooms).toBe(before + 2)
  })

  it('forgets a pod that is over', async () => {
    const { kube, capacity } = await opened()
    kube.put(kinds.pods, aClusterPod({ requests: { cpu: '2' } }))
    await expect.poll(() => freeCpu(capacity.read())).toEqual([6_000])

    kube.edit(
      { kind: kinds.pods, namespace: 'default', name: 'pod-1' },
      { status: { phase: 'Succeeded' } },
    )

    await expect.poll(() => freeCpu(capacity.read())).toEqual([8_000])
  })

  it.each([
    { name: 'is closed', change: { spec: { unschedulable: true } } },
    { name: 'dies', change: { status: { conditions: [{ type: 'Ready', status: 'Unknown' }] } } },
  ])('sees at once that a node $name', async ({ change }) => {
    const { kube, capacity } = await opened()

    kube.edit(nodeRef, change)

    await expect.poll(() => freeCpu(capacity.read())).toEqual([])
    expect(capacity.read().total).toEqual({ vcpu: 0, 'memory-mib': 0 })
  })

  it('says who stands on a node, and not who still looks for one', async () => {
    const { kube, capacity } = await opened()
    kube.put(
      kinds.pods,
      aClusterPod({ name: 'waits', node: null, labels: { ...lease, [labelNames.lease]: 'lse_2' } }),
    )
    kube.put(kinds.pods, aClusterPod({ name: 'stands', labels: lease }))

    await expect
      .poll(() => [...((capacity.read() as { placed?: ReadonlySet<LeaseId> }).placed ?? [])])
      .toEqual(['lse_1'])
  })

  it('follows GPUs that are handed out by claims, and tells of room when one is given back', async () => {
    const l4 = 'l4' as GpuTypeName
    const gpus = { [l4]: { by: 'dra', deviceClassName: 'gpu.example.com' } } as const
    const { kube, capacity, rooms } = await opened({ gpus })
    const seen = () => (capacity.read().nodes ?? []).map(({ free }) => free['gpu/l4'])
    expect(seen()).toEqual([undefined])

    kube.put(kinds.deviceClasses, aDeviceClass())
    kube.put(kinds.resourceSlices, aSlice())
    await expect.poll(seen).toEqual([2])
    kube.put(kinds.resourceClaims, aClaim(['gpu-0', 'gpu-1']))
    await expect.poll(seen).toEqual([0])
    const before = rooms()
    kube.vanish({ kind: kinds.resourceClaims, namespace: 'default', name: 'claim-1' })
    await expect.poll(seen).toEqual([2])
    expect(rooms()).toBe(before + 1)
  })

  it('tells nothing while its watches are not alive', async () => {
    const { kube, capacity } = await opened()

    kube.unavailable(true)

    expect(capacity.isFresh()).toBe(false)
    expect(() => capacity.read()).toThrow('not known just now')
  })
})
