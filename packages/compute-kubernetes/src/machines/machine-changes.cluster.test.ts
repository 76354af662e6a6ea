import { type MachineOrder, StaleGeneration } from '@leasehold/application'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames, machineName } from '../object-names.ts'
import { type MachineChanges, makeMachineChanges } from './machine-changes.ts'
import { openSimulatedPlace, type SimulatedPlace } from './testing/simulated-place.ts'

const { signal } = new AbortController()
const patience = { timeout: 240_000, interval: 200 }
const cpu = { sockets: 1, cores: 2, threads: 1, model: 'host-model', maxSockets: 4 }

describeOnCluster('changes to machines, on simulated nodes', (cluster) => {
  let place: SimulatedPlace
  let changes: MachineChanges
  const orders: MachineOrder[] = []

  beforeAll(async () => {
    place = await openSimulatedPlace(cluster)
    changes = makeMachineChanges(place.client, place.settings)
  })
  afterEach(async () => {
    for (const { leaseId } of orders.splice(0))
      await place.driver.destroyMachine(leaseId, 99, signal)
  })
  afterAll(() => place?.close())

  const until = (order: MachineOrder, sighting: object) =>
    expect
      .poll(() => place.driver.inspectMachine(order.leaseId, order.generation, signal), patience)
      .toMatchObject(sighting)
  const aRunning = async (shape: Parameters<SimulatedPlace['newOrder']>[0] = {}) => {
    const order = place.newOrder(shape)
    orders.push(order)
    await place.driver.startMachine(order, signal)
    await until(order, { kind: 'running' })
    return order
  }
  const stop = async (order: MachineOrder) => {
    await place.driver.stopMachine(order.leaseId, order.generation, 'forced', signal)
    await until(order, { kind: 'absent', disk: 'kept' })
  }
  const readOf = (order: MachineOrder, kind: (typeof kinds)[keyof typeof kinds]) =>
    place.client.get<KubeObject & { spec: object; status?: object }>(
      { kind, namespace: place.namespace, name: machineName(order.leaseId) },
      signal,
    )
  const restart = async (order: MachineOrder) => {
    await stop(order)
    const next = { ...order, generation: order.generation + 1 }
    await startUntilRunning(next)
    return next
  }
  /** As the reconciler does: what is seen as off is started once more. */
  const startUntilRunning = async (order: MachineOrder) => {
    const step = async () => {
      const seen = await place.driver.inspectMachine(order.leaseId, order.generation, signal)
      if (seen.kind === 'absent') await place.driver.startMachine(order, signal)
      return seen.kind
    }
    await expect.poll(step, { ...patience, interval: 1_000 }).toBe('running')
  }

  describe('in size', () => {
    it('wait for a restart where a machine cannot move, and then hold in all parts', async () => {
      const order = await aRunning({ cpu, memoryMiB: 2_048, memory: { maxMiB: 8_192 } })
      const shape = { ...order.shape, cpu: { ...cpu, sockets: 2 }, memoryMiB: 4_096 }

      expect(await changes.resize(order, shape, signal)).toMatchObject({
        kind: 'needs-restart',
        why: expect.stringContaining('Simulated nodes move no machine'),
      })
      const next = await restart({ ...order, shape })

      expect(await changes.resize(next, shape, signal)).toEqual({ kind: 'done' })
      const instance = await readOf(next, kinds.virtualMachineInstances)
      expect(instance).toMatchObject({
        spec: {
          domain: {
            cpu: { sockets: 2 },
            memory: { guest: '4Gi' },
            resources: { requests: { cpu: '4', memory: '4Gi' } },
          },
        },
      })
    })

    it('are taken by a machine that is off', async () => {
      const order = await aRunning({ cpu })
      await stop(order)
      const shape = { ...order.shape, critical: true, memoryMiB: 2_048 }

      // KubeVirt may still be writing down that it stopped.
      const resize = () => changes.resize(order, shape, signal)
      await expect.poll(resize, patience).toEqual({ kind: 'at-next-start' })

      expect(await readOf(order, kinds.virtualMachines)).toMatchObject({
        spec: { template: { spec: { domain: { resources: { limits: { memory: '2Gi' } } } } } },
      })
    })
  })

  describe('in disks', () => {
    const disk = { name: 'extra', sizeGiB: 1 }

    it('are made while a machine runs, kept over a restart, and taken back', async () => {
      const order = await aRunning()
      const add = () => changes.addDisk(order, disk, signal)
      const volumes = async () => JSON.stringify((await readOf(order, kinds.virtualMachines))?.spec)

      expect((await add()).kind).toBe('attaching')
      await expect.poll(volumes, patience).toContain('"serial":"extra"')
      expect((await add()).kind).toMatch(/^attach/)
      await stop(order)
      expect(await add()).toEqual({ kind: 'attached' })
      const next = { ...order, generation: 2 }
      await startUntilRunning(next)
      expect(JSON.stringify((await readOf(next, kinds.virtualMachineInstances))?.spec)).toContain(
        '"serial":"extra"',
      )
      await stop(next)

      const removed = async () => (await changes.removeDisk(next, 'extra', signal)).kind
      await expect.poll(removed, patience).toBe('detached')
      expect(await volumes()).not.toContain('extra')
    })

    it('are refused for disks of the order, and for storage that is not the tenant’s', async () => {
      const order = await aRunning()

      expect(await changes.removeDisk(order, 'system', signal)).toMatchObject({ kind: 'refused' })
      expect(await changes.addDisk(order, { ...disk, name: 'system' }, signal)).toMatchObject({
        kind: 'refused',
      })
      expect(await changes.addDisk(order, { ...disk, storageClass: 'gold' }, signal)).toMatchObject(
        { kind: 'refused', why: expect.stringContaining('gold') },
      )
      await expect(changes.addDisk(order, { ...disk, name: '../x' }, signal)).rejects.toThrow(
        'name',
      )
    })

    it('of a machine that is not there come to nothing', async () => {
      const order = place.newOrder()

      expect(await changes.addDisk(order, disk, signal)).toEqual({ kind: 'absent' })
      expect(await changes.removeDisk(order, 'extra', signal)).toEqual({ kind: 'absent' })
    })
  })

  describe('by snapshots', () => {
    it('say which disks they could not hold, and go with their machine', async () => {
      const order = await aRunning()
      const take = () => changes.snapshot(order, 'one', signal)

      expect(await take()).toEqual({ kind: 'in-progress' })
      await expect.poll(take, patience).toMatchObject({ kind: 'ready', leftOut: ['system'] })
      expect(await changes.restore(order, 'one', '1', signal)).toEqual({ kind: 'must-be-off' })

      await place.driver.destroyMachine(order.leaseId, 1, signal)
      const gone = () => changes.inspectSnapshot(order, 'one', signal)
      await expect.poll(gone, patience).toEqual({ kind: 'absent' })
    })

    it('that were never taken cannot be restored', async () => {
      const order = await aRunning()
      await stop(order)

      expect(await changes.restore(order, 'none', '1', signal)).toEqual({ kind: 'no-snapshot' })
      const nobody = place.newOrder()
      expect(await changes.snapshot(nobody, 'one', signal)).toEqual({ kind: 'no-machine' })
      expect(await changes.restore(nobody, 'one', '1', signal)).toEqual({ kind: 'no-machine' })
    })

    it('carry the labels of their lease, and are deleted for their machine alone', async () => {
      const order = await aRunning()
      await changes.snapshot(order, 'two', signal)

      const { items } = await place.client.list(
        kinds.virtualMachineSnapshots,
        { namespace: place.namespace, labelSelector: `${labelNames.lease}=${order.leaseId}` },
        signal,
      )
      expect(items.map(({ metadata }) => metadata.name)).toEqual([
        `${machineName(order.leaseId)}-two`,
      ])

      const late = { ...order, generation: order.generation - 1 }
      await expect(changes.deleteSnapshot(late, 'two', signal)).rejects.toThrow(StaleGeneration)
      expect((await changes.inspectSnapshot(order, 'two', signal)).kind).not.toBe('absent')
      await changes.deleteSnapshot(order, 'two', signal)
      const seen = async () => (await changes.inspectSnapshot(order, 'two', signal)).kind
      await expect.poll(seen, patience).toBe('absent')
    })
  })
})
