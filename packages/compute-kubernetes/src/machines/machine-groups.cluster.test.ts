import type { MachineTypeName, TenantId } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames } from '../object-names.ts'
import type { MachineGroupOrder } from './group-manifests.ts'
import type { Condition } from './kubevirt-objects.ts'
import { type MachineGroups, makeMachineGroups } from './machine-groups.ts'
import { openSimulatedPlace, type SimulatedPlace } from './testing/simulated-place.ts'

const { signal } = new AbortController()
const patience = { timeout: 240_000, interval: 300 }
const tenantId = 'ten_1' as TenantId
const absent = { kind: 'absent' }

describeOnCluster('groups of machines, on simulated nodes', (cluster) => {
  let place: SimulatedPlace
  let groups: MachineGroups
  let count = 0
  const made: string[] = []

  beforeAll(async () => {
    place = await openSimulatedPlace(cluster)
    groups = makeMachineGroups(place.client, place.settings)
  })
  afterEach(async () => {
    for (const name of made.splice(0)) {
      await groups.remove({ tenantId, name }, signal)
      await expect.poll(() => groups.inspect({ tenantId, name }, signal), patience).toEqual(absent)
    }
  }, 120_000)
  afterAll(() => place?.close())

  const newGroup = (size: MachineGroupOrder['size']): MachineGroupOrder => {
    const { shape, image } = place.newOrder()
    const name = `group${++count}`
    made.push(name)
    const machineType = 'tiny' as MachineTypeName
    return {
      tenantId,
      name,
      machineType,
      shape,
      image,
      authorizedKeys: ['ssh-ed25519 AAAA1'],
      size,
    }
  }
  const see = ({ name }: MachineGroupOrder) => groups.inspect({ tenantId, name }, signal)
  const has = (order: MachineGroupOrder, machines: number) =>
    expect
      .poll(() => see(order), patience)
      .toMatchObject({ wanted: machines, machines, ready: machines })
  const groupRef = ({ name }: MachineGroupOrder) => ({
    kind: kinds.virtualMachinePools,
    namespace: place.namespace,
    name,
  })

  it('are as many as ordered, each with disks of its own, and leave nothing', async () => {
    const order = newGroup(2)

    expect(await groups.ensure(order, signal)).toBeNull()
    await has(order, 2)
    expect(await groups.ensure(order, signal)).toBeNull()

    const { namespace } = place
    const labelSelector = `${labelNames.machineGroup}=${order.name}`
    const claims = await place.client.list(
      kinds.persistentVolumeClaims,
      { namespace, labelSelector },
      signal,
    )
    expect(claims.items.map(({ metadata }) => metadata.name).sort()).toEqual([
      `${order.name}-system-0`,
      `${order.name}-system-1`,
    ])
    // Leases and groups do not see each other.
    expect(await place.driver.listMachines(signal)).toEqual([])
  })

  it('grow and shrink by what kubectl scale writes, and by their order', async () => {
    const order = newGroup(1)
    await groups.ensure(order, signal)
    await has(order, 1)

    // kubectl scale: an update of the scale subresource.
    await place.client.mergePatch(groupRef(order), { spec: { replicas: 3 } }, signal, {
      subresource: 'scale',
    })
    await has(order, 3)
    expect(await groups.scale(order, 1, signal)).toBe('scaled')
    await has(order, 1)
    await groups.ensure({ ...order, size: 2 }, signal)
    await has(order, 2)
  })

  it('are scaled by an autoscaler that finds them, and whose number is not taken back', async () => {
    const order = newGroup({ min: 1, max: 4, targetCpuPercent: 70 })
    await groups.ensure(order, signal)
    await has(order, 1)

    const scaler = { ...groupRef(order), kind: kinds.horizontalPodAutoscalers }
    type Scaler = KubeObject & { readonly status?: { readonly conditions?: readonly Condition[] } }
    const isAble = async () => {
      const seen = await place.client.get<Scaler>(scaler, signal)
      return seen?.status?.conditions?.find(({ type }) => type === 'AbleToScale')?.status
    }
    await expect.poll(isAble, patience).toBe('True')
    await groups.scale(order, 2, signal)
    await has(order, 2)
    await groups.ensure(order, signal)
    expect(await see(order)).toMatchObject({ wanted: 2 })
    await groups.ensure({ ...order, size: 1 }, signal)
    expect(await place.client.get(scaler, signal)).toBeNull()
  })

  it('are refused for what can never run, and for names that leases have', async () => {
    const order = newGroup(1)

    expect(await groups.ensure({ ...order, name: 'lse-1' }, signal)).toMatch(/no name/)
    const shape = { ...order.shape, memoryMiB: 1_025, memory: { hugePages: '2Mi' } } as const
    expect(await groups.ensure({ ...order, shape }, signal)).toMatch(/1025/)
    expect(await see(order)).toEqual(absent)
    expect(await groups.scale(order, 3, signal)).toBeNull()
  })
})
