import type { MachineOrder } from '@leasehold/application'
import type { GpuTypeName, MachineSighting } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { diskClaimName, labelNames, machineName } from '../object-names.ts'
import { openSimulatedPlace, type SimulatedPlace, writesOf } from './testing/simulated-place.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

const { signal } = new AbortController()
const patience = { timeout: 240_000, interval: 200 }
const gone = { kind: 'absent', disk: 'none' }
const kept = { kind: 'absent', disk: 'kept' }
const running = { kind: 'running' }
const obstacle = (code: string) => ({ kind: 'booting', obstacle: { code } })
const gpus = (type: string, count: number) => [{ type: type as GpuTypeName, count }]

describeOnCluster('machines in trouble, on simulated nodes', (cluster) => {
  let place: SimulatedPlace
  const orders: MachineOrder[] = []

  beforeAll(async () => {
    place = await openSimulatedPlace(cluster)
  })
  afterEach(async () => {
    await place.nodes.clearBehaviour()
    for (const { leaseId } of orders.splice(0))
      await place.driver.destroyMachine(leaseId, 99, signal)
  })
  afterAll(() => place?.close())

  const newOrder: SimulatedPlace['newOrder'] = (shape) => {
    const order = place.newOrder(shape)
    orders.push(order)
    return order
  }
  const start = (order: MachineOrder) => place.driver.startMachine(order, signal)
  const see = ({ leaseId, generation }: MachineOrder): Promise<MachineSighting> =>
    place.driver.inspectMachine(leaseId, generation, signal)
  const until = (order: MachineOrder, sighting: object) =>
    expect.poll(() => see(order), patience).toMatchObject(sighting)
  const runs = async (order: MachineOrder) => {
    await start(order)
    await until(order, running)
  }
  const machineOf = ({ leaseId }: MachineOrder) => ({
    kind: kinds.virtualMachines,
    namespace: place.namespace,
    name: machineName(leaseId),
  })
  const claimOf = ({ leaseId }: MachineOrder) => ({
    kind: kinds.persistentVolumeClaims,
    namespace: place.namespace,
    name: diskClaimName(leaseId, 'system', 0),
  })

  it('writes to the cluster four times, from the order of a machine to its end', async () => {
    // The map of fences is made once for many leases.
    await place.driver.destroyMachine(newOrder().leaseId, 1, signal)
    const before = writesOf(place.driverClient)
    const order = newOrder()
    await runs(order)

    await place.driver.destroyMachine(order.leaseId, 1, signal)
    await until(order, gone)
    await place.driver.destroyMachine(order.leaseId, 1, signal)

    expect(writesOf(place.driverClient) - before).toBeLessThanOrEqual(4)
  })

  it('is told when no node has room, in the words of the catalogue', async () => {
    const order = newOrder({ gpus: gpus('a100-40gb', 5) })

    await start(order)

    await until(order, obstacle('no-room'))
    expect(await see(order)).toMatchObject({
      obstacle: { detail: expect.stringMatching(/have too little a100-40gb left/) },
    })
  })

  it('is told when the tenant has no more quota, and goes on by itself when it has', async () => {
    const quota = { kind: kinds.resourceQuotas, namespace: place.namespace, name: 'small' }
    const { namespace, name } = quota
    const hard = { 'requests.memory': '512Mi' }
    await place.client.create(quota.kind, { metadata: { namespace, name }, spec: { hard } }, signal)
    await expect
      .poll(
        () => place.client.get<KubeObject & { status?: { used?: object } }>(quota, signal),
        patience,
      )
      .toMatchObject({ status: { used: expect.anything() } })
    const order = newOrder()

    await start(order)

    await until(order, obstacle('over-pool-quota'))
    expect(await see(order)).toMatchObject({
      obstacle: { detail: expect.stringMatching(/limit requests\.memory=512Mi/) },
    })
    await place.client.delete(quota, signal)
    await until(order, running)
  })

  // KubeVirt itself checks this when it makes the pod, and with its gate GPUsWithDRA not at all.
  it('refuses a GPU that KubeVirt does not permit', async () => {
    const order = newOrder({ gpus: gpus('not-permitted', 1) })

    await start(order)

    expect(await see(order)).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('permittedHostDevices'),
    })
  })

  it('comes back by itself when its launcher dies', async () => {
    const order = newOrder()
    await runs(order)
    const before = await place.client.list(kinds.virtualMachineInstances, selected(order), signal)

    const isOfLease = { labels: { [labelNames.lease]: order.leaseId } }
    await place.nodes.setBehaviour(isOfLease, { endsAfterMs: 0, ending: 'crash' })
    await until(order, { kind: 'booting' })
    await place.nodes.clearBehaviour()

    await until(order, running)
    const after = await place.client.list(kinds.virtualMachineInstances, selected(order), signal)
    expect(after.items[0]?.metadata.uid).not.toBe(before.items[0]?.metadata.uid)
  })

  it('is gone when somebody deletes it, and can be ordered anew', async () => {
    const order = newOrder()
    await runs(order)

    await place.client.delete(machineOf(order), signal)

    await until(order, gone)
    await runs(order)
  })

  it('is off when somebody deletes its instance', async () => {
    const order = newOrder()
    await runs(order)

    await place.client.delete({ ...machineOf(order), kind: kinds.virtualMachineInstances }, signal)

    await until(order, kept)
    await runs(order)
  })

  it('keeps a disk that was left when the machine was deleted, and starts on it', async () => {
    const order = newOrder()
    await runs(order)
    const disk = await place.client.get(claimOf(order), signal)
    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)
    await until(order, kept)

    await place.client.delete(machineOf(order), signal, { propagation: 'Orphan' })

    const next = { ...order, generation: 2 }
    await until(next, { kind: 'unknown' })
    await until(next, kept)
    await runs(next)
    const same = await place.client.get(claimOf(order), signal)
    expect(same?.metadata.uid).toBe(disk?.metadata.uid)
  })

  it('removes such a disk in the end', async () => {
    const order = newOrder()
    await runs(order)
    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)
    await until(order, kept)
    await place.client.delete(machineOf(order), signal, { propagation: 'Orphan' })
    await until(order, kept)

    const destroyed = async () => {
      await place.driver.destroyMachine(order.leaseId, 1, signal)
      return see(order)
    }

    await expect.poll(destroyed, patience).toEqual(gone)
  })

  it.each(['machine', 'disk'] as const)(
    'is not gone while a finalizer holds its %s',
    async (what) => {
      const order = newOrder()
      await runs(order)
      const held = what === 'machine' ? machineOf(order) : claimOf(order)
      const before = (await place.client.get(held, signal))?.metadata.finalizers ?? []
      const hold = (finalizers: readonly string[]) =>
        place.client.mergePatch(held, { metadata: { finalizers } }, signal)
      await hold([...before, 'example.com/hang'])

      await place.driver.destroyMachine(order.leaseId, 1, signal)

      const isHeld = async () => {
        const { items } = await place.client.list(kinds.pods, selected(order), signal)
        const object = await place.client.get(held, signal)
        return items.length === 0 && object?.metadata.deletionTimestamp !== undefined
      }
      await expect.poll(isHeld, patience).toBe(true)
      expect((await see(order)).kind).toMatch(/^(booting|unknown)$/)
      const isAlone = async () => {
        const object = await place.client.get(held, signal)
        return object?.metadata.finalizers?.filter((name) => !name.startsWith('kubernetes.io/'))
      }
      await expect.poll(isAlone, patience).toEqual(['example.com/hang'])
      expect((await see(order)).kind).toMatch(/^(booting|unknown)$/)
      await hold([])
      await until(order, gone)
    },
  )

  it('does not take the machine of somebody else for its own', async () => {
    const order = newOrder()
    await runs(order)
    const first = await place.client.get(machineOf(order), signal)
    await place.client.delete(machineOf(order), signal)
    await until(order, gone)

    const manifest = virtualMachineManifest(order, place.settings)
    await place.client.create(kinds.virtualMachines, manifest, signal)
    const outcome = await place.client.delete(machineOf(order), signal, {
      uid: first?.metadata.uid ?? '',
    })

    expect(outcome).toBe('uid-differs')
    await until(order, running)
  })

  it('says that its node does not answer, and runs on when it does', async () => {
    const order = newOrder({ gpus: gpus('t4-vgpu-1gb', 1) })
    await runs(order)
    const node = place.nodes.names.find((name) => name.endsWith('-vgpu')) ?? ''

    await place.nodes.killNode(node)
    await until(order, obstacle('node-lost'))
    await place.nodes.reviveNode(node)

    await until(order, running)
  }, 300_000)

  function selected({ leaseId }: MachineOrder) {
    return { namespace: place.namespace, labelSelector: `${labelNames.lease}=${leaseId}` }
  }
})
