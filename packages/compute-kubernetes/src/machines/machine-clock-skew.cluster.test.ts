import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSimulatedPlace, type SimulatedPlace } from './testing/simulated-place.ts'

const { signal } = new AbortController()
const patience = { timeout: 240_000, interval: 200 }
const hourMs = 3_600_000

describeOnCluster('machines of a worker whose clock is wrong, on simulated nodes', (cluster) => {
  let place: SimulatedPlace
  beforeAll(async () => {
    place = await openSimulatedPlace(cluster)
  })
  afterAll(() => place?.close())

  it.each([
    { what: 'an hour slow', skewMs: -hourMs },
    { what: 'an hour fast', skewMs: hourMs },
  ])('come up, are stopped, started and removed: $what', async ({ skewMs }) => {
    const driver = await place.open({ clock: { now: () => Date.now() + skewMs } })
    const order = place.newOrder()
    const { leaseId: id } = order
    const until = (generation: number, sighting: object) =>
      expect
        .poll(() => driver.inspectMachine(id, generation, signal), patience)
        .toMatchObject(sighting)

    await driver.startMachine(order, signal)
    await until(1, { kind: 'running' })
    await driver.stopMachine(id, 1, 'forced', signal)
    await until(1, { kind: 'absent', disk: 'kept' })
    // As the reconciler does: what is seen as off is started once more.
    const start = async () => {
      const seen = await driver.inspectMachine(id, 2, signal)
      if (seen.kind === 'absent') await driver.startMachine({ ...order, generation: 2 }, signal)
      return seen.kind
    }
    await expect.poll(start, { ...patience, interval: 1_000 }).toBe('running')
    await driver.destroyMachine(id, 2, signal)
    await until(2, { kind: 'absent', disk: 'none' })
  })
})
