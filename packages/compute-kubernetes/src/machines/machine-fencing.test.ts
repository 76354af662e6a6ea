import { type MachineOrder, StaleGeneration } from '@leasehold/application'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { KubeUnavailable } from '../client/kube-error.ts'
import type { FakeRequest } from '../client/testing/fake-controls.ts'
import { anOrder } from './testing/an-order.ts'
import { type DriverOnFake, driverOnFake } from './testing/driver-on-fake.ts'

const { signal } = new AbortController()
const order = anOrder()
const second = { ...order, generation: 2 }
const kept = { kind: 'absent', disk: 'kept' }
const gone = { kind: 'absent', disk: 'none' }

let place: DriverOnFake
beforeEach(() => {
  place = driverOnFake()
})
afterEach(() => place.close())

const start = (next: MachineOrder = order, driver = place.driver) =>
  driver.startMachine(next, signal)
const see = ({ leaseId, generation }: MachineOrder = order, driver = place.driver) =>
  driver.inspectMachine(leaseId, generation, signal)
const until = (sighting: object, next: MachineOrder = order) =>
  expect.poll(() => see(next)).toEqual(sighting)
const isUp = () => expect.poll(() => see()).toMatchObject({ kind: 'running' })
const machines = () => place.kube.peek(kinds.virtualMachines)
const isCreateOf = (plural: string) => (request: FakeRequest) =>
  request.verb === 'create' && request.kind.plural === plural

/** Holds the next such request of any driver until it is released. */
function holdNext(matches: (request: FakeRequest) => boolean) {
  const reached = Promise.withResolvers<void>()
  const released = Promise.withResolvers<void>()
  let isHeld = false
  place.kube.intercept(async (request) => {
    if (isHeld || !matches(request)) return
    isHeld = true
    reached.resolve()
    await released.promise
  })
  return { reached: reached.promise, release: released.resolve }
}

describe('a slow worker', () => {
  it.each([
    ['before it makes the machine', isCreateOf('virtualmachines')],
    ['before it writes the seed', isCreateOf('secrets')],
  ])('whose lease was destroyed %s makes nothing that stays', async (_when, matches) => {
    const slow = place.reopen()
    await see(order, slow)
    const held = holdNext(matches)
    const starting = start(order, slow).catch((error: unknown) => error)
    await held.reached

    await place.driver.destroyMachine(order.leaseId, 1, signal)
    held.release()
    const outcome = await starting

    await until(gone)
    expect(machines()).toEqual([])
    // Kubernetes collects what belongs to an object that is not there.
    for (const { metadata } of place.kube.peek(kinds.secrets))
      expect(metadata.ownerReferences).toMatchObject([{ kind: 'VirtualMachine', name: 'lse-1' }])
    if (outcome !== undefined) expect(outcome).toBeInstanceOf(StaleGeneration)
    await expect(start()).rejects.toBeInstanceOf(StaleGeneration)
  })

  it('whose lease was stopped before there was a machine takes its machine back', async () => {
    const slow = place.reopen()
    await see(order, slow)
    const held = holdNext(isCreateOf('virtualmachines'))
    const starting = start(order, slow)
    await held.reached

    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)
    held.release()

    await expect(starting).rejects.toBeInstanceOf(StaleGeneration)
    await until(gone)
  })

  it('that wants to stop a machine of a younger generation is refused', async () => {
    await start(second)

    for (const how of ['graceful', 'forced'] as const)
      await expect(place.driver.stopMachine(order.leaseId, 1, how, signal)).rejects.toBeInstanceOf(
        StaleGeneration,
      )
    await expect(place.driver.destroyMachine(order.leaseId, 1, signal)).rejects.toBeInstanceOf(
      StaleGeneration,
    )
  })

  it('overtaken between reading and writing reads again, and starts nothing that is over', async () => {
    await start()
    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)
    await until(kept)
    const slow = place.reopen()
    await see(second, slow)
    const held = holdNext(({ verb, kind }) => verb === 'patch' && kind.plural === 'virtualmachines')
    const starting = start(second, slow)
    await held.reached

    await place.driver.stopMachine(order.leaseId, 2, 'forced', signal)
    held.release()

    await expect(starting).rejects.toBeInstanceOf(StaleGeneration)
    expect(await see(second)).toEqual(kept)
  })
})

describe('a worker that dies', () => {
  it('between machine and seed leaves what the next one completes', async () => {
    place.kubeVirt.sleep(true)
    place.kube.intercept((request) => {
      if (isCreateOf('secrets')(request)) throw new KubeUnavailable('the worker is gone')
    })
    await expect(start()).rejects.toThrow(KubeUnavailable)
    place.kube.intercept(null)

    const later = { now: () => Date.now() + 6_000 }
    const next = place.reopen({ clock: later })

    await expect.poll(() => see(order, next)).toEqual(kept)
    await start(order, next)
    expect(await see(order, next)).toEqual({ kind: 'booting' })
    expect(place.kube.peek(kinds.secrets).length).toBe(1)
  })

  it('after a write whose answer was lost finds it done', async () => {
    place.kube.interceptAfter(({ verb }) => {
      if (verb === 'create') throw new KubeUnavailable('the answer is lost')
    })
    await start().catch(() => {})
    await start().catch(() => {})
    place.kube.interceptAfter(null)

    await start()

    await isUp()
    expect(machines().length).toBe(1)
  })
})

describe('an older generation that still runs', () => {
  it('is ended by the start of the next one, which then comes up', async () => {
    await start()
    await isUp()

    await start(second)

    await expect.poll(() => see(second)).toMatchObject({ kind: 'running' })
    expect(machines().length).toBe(1)
  })

  it('is cut short when its guest does not shut down', async () => {
    place.kubeVirt.holdShutdowns(true)
    await start()
    await isUp()

    await start(second)

    const stops = place.kube.requests.filter(({ subresource }) => subresource === 'stop')
    expect(stops.map(({ body }) => body)).toEqual([{ gracePeriod: 0 }])
    await expect.poll(() => see(second)).toMatchObject({ kind: 'running' })
  })
})

describe('a guest that does not shut down', () => {
  it('is asked once and killed once, however often that is asked for', async () => {
    place.kubeVirt.holdShutdowns(true)
    await start()
    await isUp()
    const before = place.kube.requests.length

    for (let time = 0; time < 3; time++)
      await place.driver.stopMachine(order.leaseId, 1, 'graceful', signal)
    expect((await see()).kind).toBe('booting')
    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)

    await until(kept)
    const asked = place.kube.requests.slice(before)
    expect(asked.map(({ verb, subresource }) => subresource || verb)).toEqual(['patch', 'stop'])
  })

  it('is killed some time after it was to be destroyed', async () => {
    let ahead = 0
    const driver = place.reopen({ clock: { now: () => Date.now() + ahead } })
    place.kubeVirt.holdShutdowns(true)
    await expect.poll(() => see(order, driver)).toEqual(gone)
    await start(order, driver)
    await expect.poll(() => see(order, driver)).toMatchObject({ kind: 'running' })

    await driver.destroyMachine(order.leaseId, 1, signal)
    await driver.destroyMachine(order.leaseId, 1, signal)
    expect(place.kube.requests.filter(({ subresource }) => subresource === 'stop')).toEqual([])
    ahead = 21_000
    await driver.destroyMachine(order.leaseId, 1, signal)

    await expect.poll(() => see(order, driver)).toEqual(gone)
  })
})
