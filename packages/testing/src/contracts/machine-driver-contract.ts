import { type MachineDriver, type MachineOrder, StaleGeneration } from '@leasehold/application'
import type { LeaseId, MachineSighting } from '@leasehold/domain'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { machineDriverUnderFaults } from './drivers-under-faults.ts'
import type { MachineDriverHarness } from './machine-driver-harness.ts'

const bootMs = 400_000
const lookEveryMs = 250

/** What every machine driver promises. Run it against the fake and against each real one. */
export function machineDriverContract(
  name: string,
  open: () => Promise<MachineDriverHarness>,
  { faultRounds = 2 } = {},
) {
  describe(`machine driver: ${name}`, { timeout: 600_000 }, () => {
    const { signal } = new AbortController()
    let harness: MachineDriverHarness
    let driver: MachineDriver
    const orders: MachineOrder[] = []

    beforeAll(async () => {
      harness = await open()
      driver = harness.driver
    }, 1_200_000)
    afterEach(async () => {
      for (const { leaseId } of orders.splice(0)) await driver.destroyMachine(leaseId, 99, signal)
    })
    afterAll(() => harness?.close())

    const remember = (order: MachineOrder) => {
      orders.push(order)
      return order
    }
    const anOrder = () => remember(harness.newOrder())
    const see = ({ leaseId, generation }: MachineOrder) =>
      driver.inspectMachine(leaseId, generation, signal)
    const start = (order: MachineOrder) => driver.startMachine(order, signal)
    const stop = ({ leaseId, generation }: MachineOrder, how: 'graceful' | 'forced' = 'forced') =>
      driver.stopMachine(leaseId, generation, how, signal)
    const destroy = ({ leaseId, generation }: MachineOrder) =>
      driver.destroyMachine(leaseId, generation, signal)
    const heldOf = async ({ leaseId }: MachineOrder) =>
      (await driver.listMachines(signal)).filter((held) => held.leaseId === leaseId)
    const until = async (order: MachineOrder, kind: MachineSighting['kind'], timeout = 240_000) => {
      await expect
        .poll(() => see(order), { timeout, interval: lookEveryMs })
        .toMatchObject({ kind })
      return see(order)
    }
    /** Asks again until it is so, as a reconciler does. */
    const insist = async (
      order: MachineOrder,
      ask: (order: MachineOrder) => Promise<void>,
      disk: 'none' | 'kept',
    ) => {
      const look = async () => {
        const seen = await see(order)
        if (seen.kind !== 'unknown') await ask(order)
        return seen
      }
      const patience = { timeout: 240_000, interval: lookEveryMs }
      await expect.poll(look, patience).toEqual({ kind: 'absent', disk })
    }
    const isThere = expect.stringMatching(/^(booting|running)$/)

    machineDriverUnderFaults(() => ({ driver, newOrder: anOrder }), faultRounds)

    it('knows what it has in all', async () => {
      const { total } = await driver.capacity(signal)

      expect(total.vcpu).toBeGreaterThan(0)
      expect(total['memory-mib']).toBeGreaterThan(0)
    })

    it('sees nothing of a machine that nobody ordered', async () => {
      const order = anOrder()

      expect(await see(order)).toEqual({ kind: 'absent', disk: 'none' })
      expect(await heldOf(order)).toEqual([])
      expect(await driver.consoleLog(order.leaseId, 1_000)).toBe('')
    })

    it('shows a machine as soon as its order is taken', async () => {
      const order = anOrder()

      await start(order)

      expect(await see(order)).toMatchObject({ kind: isThere })
    })

    it('makes one machine however often it is asked, also at once', async () => {
      const order = anOrder()

      await Promise.all([1, 2, 3].map(() => start(order)))
      await start(order)

      expect(await heldOf(order)).toEqual([{ leaseId: order.leaseId, generation: 1 }])
      expect(await see(order)).toMatchObject({ kind: isThere })
    })

    it('keeps the disk of a machine that was stopped, and still lists it', async () => {
      const order = anOrder()
      await start(order)

      await stop(order)

      await insist(order, stop, 'kept')
      expect(await heldOf(order)).toEqual([{ leaseId: order.leaseId, generation: 1 }])
    })

    it('refuses to start a generation that was stopped, and starts the next one on its disk', async () => {
      const order = anOrder()
      const next = { ...order, generation: 2 }
      await start(order)
      await stop(order)

      await expect(start(order)).rejects.toBeInstanceOf(StaleGeneration)
      await insist(order, stop, 'kept')
      expect(await until(next, 'absent')).toEqual({ kind: 'absent', disk: 'kept' })
      await start(next)

      expect(await see(next)).toMatchObject({ kind: isThere })
      expect(await heldOf(next)).toEqual([{ leaseId: order.leaseId, generation: 2 }])
    })

    it('refuses to act for a generation older than the one it knows', async () => {
      const older = anOrder()
      const younger = { ...older, generation: 2 }
      await start(younger)

      await expect(start(older)).rejects.toBeInstanceOf(StaleGeneration)
      await stop(older).catch(() => {})
      await destroy(older).catch(() => {})

      expect(await see(younger)).toMatchObject({ kind: isThere })
    })

    it('leaves nothing of a machine that was destroyed, and never starts it again', async () => {
      const order = anOrder()
      await start(order)

      await destroy(order)
      await expect(start(order)).rejects.toBeInstanceOf(StaleGeneration)

      await insist(order, destroy, 'none')
      expect(await heldOf(order)).toEqual([])
    })

    it('stops and destroys what is not there, and twice, without complaint', async () => {
      const order = anOrder()

      await stop(order, 'graceful')
      await stop(order)
      await destroy(order)
      await destroy(order)

      expect(await see(order)).toEqual({ kind: 'absent', disk: 'none' })
    })

    it('removes the kept disk when it destroys a machine that never came back', async () => {
      const order = anOrder()
      await start(order)
      await stop(order)

      await destroy({ ...order, generation: 2 })

      await insist({ ...order, generation: 2 }, destroy, 'none')
    })

    it('shows a machine that can never run here as refused, with words for the renter', async () => {
      const order = remember(harness.newImpossibleOrder())

      await start(order)

      const sighting = await until(order, 'refused')
      expect(sighting.kind === 'refused' && sighting.detail).toMatch(/\d/)
      await destroy(order)
      expect(await see(order)).toEqual({ kind: 'absent', disk: 'none' })
    })

    it('tells who watches when a machine changes, until they stop watching', async () => {
      const watching = new AbortController()
      const told = new Set<LeaseId>()
      const watched = driver.watch((id) => told.add(id), watching.signal)
      const order = anOrder()
      await start(order)
      await expect.poll(() => told.has(order.leaseId)).toBe(true)
      watching.abort()
      await watched
      told.clear()

      await destroy(order)

      expect([...told]).toEqual([])
    })

    it('tells that a machine died, keeps its disk, and starts the same generation again', async () => {
      if (harness.killMachine === null) return
      const watching = new AbortController()
      const order = anOrder()
      await start(order)
      const told = Promise.withResolvers<LeaseId>()
      const watched = driver.watch((id) => {
        if (id === order.leaseId) told.resolve(id)
      }, watching.signal)

      await harness.killMachine(order.leaseId)

      expect(await told.promise).toBe(order.leaseId)
      expect(await until(order, 'absent')).toEqual({ kind: 'absent', disk: 'kept' })
      await start(order)
      expect(await see(order)).toMatchObject({ kind: isThere })
      watching.abort()
      await watched
    })

    it('is taken over as it is by the driver of a next process', async () => {
      if (harness.reopen === null) return
      const order = anOrder()
      await start(order)

      const next = await harness.reopen()
      const { leaseId, generation } = order

      expect(await next.listMachines(signal)).toContainEqual({ leaseId, generation })
      expect(await next.inspectMachine(leaseId, generation, signal)).toMatchObject({
        kind: isThere,
      })
      await next.startMachine(order, signal)
      await next.stopMachine(leaseId, generation, 'forced', signal)
      await insist(order, stop, 'kept')
      await next.close()
    })

    it('answers at an address once it runs, and shuts down when asked', {
      timeout: bootMs,
    }, async () => {
      const order = anOrder()
      await start(order)

      const sighting = await until(order, 'running', bootMs)
      expect(sighting).toMatchObject({ address: { sshPort: expect.any(Number) } })
      await stop(order, 'graceful')

      expect(await until(order, 'absent')).toEqual({ kind: 'absent', disk: 'kept' })
    })
  })
}
