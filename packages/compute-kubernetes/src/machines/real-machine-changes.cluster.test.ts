import type { MachineOrder } from '@leasehold/application'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { type MachineChanges, makeMachineChanges } from './machine-changes.ts'
import { openRealPlace, type RealPlace } from './testing/real-place.ts'

const { signal } = new AbortController()
/** Emulated guests on a busy computer. */
const patience = { timeout: 240_000, interval: 500 }

describeOnCluster('changes to machines that really boot', suite, { level: 'real' })

function suite(cluster: Parameters<typeof openRealPlace>[0]): void {
  let place: RealPlace
  let changes: MachineChanges
  const orders: MachineOrder[] = []

  beforeAll(async () => {
    place = await openRealPlace(cluster)
    changes = makeMachineChanges(place.client, place.settings)
  })
  afterEach(async () => {
    for (const order of orders.splice(0)) {
      const gone = async () => {
        await place.driver.destroyMachine(order.leaseId, 99, signal)
        return see({ ...order, generation: 99 })
      }
      await expect.poll(gone, patience).toEqual({ kind: 'absent', disk: 'none' })
    }
  }, 300_000)
  afterAll(() => place?.close())

  const see = ({ leaseId, generation }: MachineOrder) =>
    place.driver.inspectMachine(leaseId, generation, signal)
  const aRunning = async (before?: MachineOrder) => {
    const order = before ?? place.newOrder('small-guest')
    orders.push(order)
    // As the reconciler does: what is seen as off is started.
    const step = async () => {
      const seen = await see(order)
      if (seen.kind === 'absent') await place.driver.startMachine(order, signal)
      return seen.kind
    }
    await expect.poll(step, patience).toBe('running')
    return order
  }
  const stop = async ({ leaseId, generation }: MachineOrder) => {
    const step = async () => {
      await place.driver.stopMachine(leaseId, generation, 'forced', signal)
      return place.driver.inspectMachine(leaseId, generation, signal)
    }
    await expect.poll(step, patience).toEqual({ kind: 'absent', disk: 'kept' })
  }

  it('give a running guest a disk, and take it back', { timeout: 600_000 }, async () => {
    const order = await aRunning()
    const add = async () =>
      (await changes.addDisk(order, { name: 'extra', sizeGiB: 1 }, signal)).kind
    const remove = async () => (await changes.removeDisk(order, 'extra', signal)).kind

    await expect.poll(add, patience).toBe('attached')
    await expect.poll(remove, patience).toBe('detached')
    expect(await see(order)).toMatchObject({ kind: 'running' })
  })

  it('put all disks back to a snapshot, and the machine boots from it', {
    timeout: 900_000,
  }, async () => {
    const order = await aRunning()
    await stop(order)
    const take = () => changes.snapshot(order, 'before', signal)
    const restore = async () => (await changes.restore(order, 'before', '1', signal)).kind

    await expect.poll(take, patience).toEqual({
      kind: 'ready',
      isOnline: false,
      isQuiet: true,
      leftOut: [],
    })
    await expect.poll(restore, patience).toBe('restored')

    await aRunning({ ...order, generation: 2 })
  })
}
