import type { MachineOrder } from '@leasehold/application'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { KubeError, KubeUnavailable } from '../client/kube-error.ts'
import { anOrder } from './testing/an-order.ts'
import { type DriverOnFake, driverOnFake } from './testing/driver-on-fake.ts'

const { signal } = new AbortController()
const order = anOrder()
const gone = { kind: 'absent', disk: 'none' }

let ahead = 0
let place: DriverOnFake
beforeEach(() => {
  ahead = 0
  place = driverOnFake({ clock: { now: () => Date.now() + ahead } })
})
afterEach(() => place.close())

const start = () => place.driver.startMachine(order, signal)
const see = ({ leaseId, generation }: MachineOrder = order) =>
  place.driver.inspectMachine(leaseId, generation, signal)
const seesNothing = () => expect.poll(() => see()).toEqual(gone)
const isUp = () => expect.poll(() => see()).toMatchObject({ kind: 'running' })
const machineRef = { kind: kinds.virtualMachines, namespace: 'hold-ten-1', name: 'lse-1' }

/** Creating machines fails like this from now on. */
function failCreates(facts: ConstructorParameters<typeof KubeError>[0] | Error) {
  place.kube.intercept(({ verb, kind }) => {
    if (verb !== 'create' || kind.plural !== 'virtualmachines') return
    throw facts instanceof Error ? facts : new KubeError(facts)
  })
}

describe('a cluster that cannot be seen', () => {
  it('makes everything unknown, and what comes back is seen as it is', async () => {
    await start()
    await isUp()

    place.kube.unavailable(true)
    expect(await see()).toEqual({ kind: 'unknown' })
    expect(await see(anOrder({ generation: 9 }))).toEqual({ kind: 'unknown' })
    await expect(place.driver.listMachines(signal)).rejects.toThrow('try again')
    place.kube.unavailable(false)

    await isUp()
  })

  it.each([
    kinds.virtualMachines,
    kinds.virtualMachineInstances,
    kinds.pods,
    kinds.persistentVolumeClaims,
  ])('in part is not seen at all: $plural', async (kind) => {
    await start()
    await isUp()

    place.kube.serve(kind, false)

    expect(await see()).toEqual({ kind: 'unknown' })
  })

  it('ends a stop or a destruction with an error, never with success', async () => {
    await start()
    await isUp()
    place.kube.unavailable(true)

    await expect(place.driver.stopMachine(order.leaseId, 1, 'graceful', signal)).rejects.toThrow(
      KubeUnavailable,
    )
    await expect(place.driver.destroyMachine(order.leaseId, 1, signal)).rejects.toThrow()
  })

  it('whose watches are late still shows what was ordered and what was ended here', async () => {
    await seesNothing()
    place.kubeVirt.sleep(true)
    place.kube.holdWatches(true)

    await start()
    expect(await see()).toEqual({ kind: 'booting' })
    await place.driver.stopMachine(order.leaseId, 1, 'forced', signal)
    expect(await see()).toEqual({ kind: 'absent', disk: 'kept' })
  })
})

describe('a cluster that does not take an order', () => {
  const denied =
    'admission webhook "virtualmachine-validator.kubevirt.io" denied the request: spec.template.spec.domain.cpu: 3 is wrong'

  it.each([
    { status: 422, reason: 'Invalid', message: denied },
    { status: 400, reason: 'BadRequest', message: denied },
    {
      status: 403,
      reason: 'Forbidden',
      message: "ValidatingAdmissionPolicy 'x' with binding 'y' denied request: 3 is wrong",
    },
  ])('for what it is refuses it in its own words: $status', async (facts) => {
    await seesNothing()
    failCreates(facts)

    await start()

    expect(await see()).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('3 is wrong'),
    })
    expect((await see()).kind === 'refused').toBe(true)
    await place.driver.destroyMachine(order.leaseId, 1, signal)
    expect(await see()).toEqual(gone)
  })

  const quota =
    'admission webhook x denied the request: virtualmachines.kubevirt.io "lse-1" is forbidden: exceeded quota: q, requested: count/virtualmachines.kubevirt.io=1, used: count/virtualmachines.kubevirt.io=3, limited: count/virtualmachines.kubevirt.io=3'

  it.each([
    ['over-pool-quota', { status: 403, reason: 'Forbidden', message: quota }],
    ['pool-degraded', { status: 403, reason: 'Forbidden', message: 'no permission' }],
    [
      'pool-degraded',
      {
        status: 403,
        reason: 'Forbidden',
        message: 'denied request: namespace x is being terminated',
      },
    ],
    ['pool-degraded', { status: 404, reason: 'NotFound', message: 'namespaces "x" not found' }],
    ['pool-degraded', { status: 500, reason: 'InternalError', message: 'failed calling webhook' }],
    ['pool-degraded', { status: 429, reason: 'TooManyRequests', message: 'slow down' }],
    ['pool-degraded', new KubeUnavailable('no answer')],
  ])('just now is told as %s for some seconds, and then it is tried again', async (code, facts) => {
    await seesNothing()
    failCreates(facts)

    await expect(start()).rejects.toThrow()

    expect(await see()).toMatchObject({ kind: 'booting', obstacle: { code } })
    ahead = 20_000
    await seesNothing()
    place.kube.intercept(null)
    await start()
    await isUp()
  })

  it('because it has none of its kinds keeps everything unknown', async () => {
    place.kube.serve(kinds.virtualMachines, false)

    expect(await see()).toEqual({ kind: 'unknown' })
  })
})

describe('what others do to a machine', () => {
  it('by deleting it leads to nothing, once all of it is gone', async () => {
    await start()
    await isUp()

    place.kube.vanish(machineRef, { despiteFinalizers: true })

    await expect.poll(async () => (await see()).kind).toMatch(/absent|unknown/)
  })

  it('by halting it is taken back by its own order', async () => {
    await start()
    await isUp()
    place.kube.edit(machineRef, { spec: { runStrategy: 'Halted' } })
    await expect.poll(() => see()).toEqual({ kind: 'absent', disk: 'kept' })

    await start()

    await isUp()
  })

  it('by taking its marks off keeps it what it is', async () => {
    await start()
    await isUp()

    const annotations = { 'leasehold.dev/generation': null }
    place.kube.edit(machineRef, {
      metadata: { annotations },
      spec: { template: { metadata: { annotations } } },
    })

    expect(await see()).toMatchObject({ kind: 'running' })
    expect(await place.driver.listMachines(signal)).toEqual([
      { leaseId: order.leaseId, generation: 0 },
    ])
  })

  it('by taking its label off makes it nobody’s, and its order cannot be taken twice', async () => {
    await start()
    await isUp()

    place.kube.edit(machineRef, { metadata: { labels: { 'leasehold.dev/lease': null } } })

    await expect.poll(async () => (await see()).kind).toBe('booting')
    await start()
    expect(place.kube.peek(kinds.virtualMachines).length).toBe(1)
  })
})

describe('news of the cluster', () => {
  it('are passed on only when they change the picture', async () => {
    await start()
    await isUp()
    const told: string[] = []
    const watching = new AbortController()
    const watched = place.driver.watch((id) => told.push(id), watching.signal)

    for (let time = 0; time < 5; time++)
      place.kube.edit(
        { ...machineRef, kind: kinds.virtualMachineInstances },
        { metadata: { annotations: { 'kubevirt.io/noise': String(time) } } },
      )
    expect(told).toEqual([])
    place.kubeVirt.powerOff('lse-1')

    await expect.poll(() => told.length).toBeGreaterThan(0)
    watching.abort()
    await watched
  })

  it('cost no request, however long and often a machine is looked at', async () => {
    await start()
    await isUp()
    const before = place.kube.requests.length

    for (let time = 0; time < 100; time++) await see()

    expect(place.kube.requests.length).toBe(before)
  })
})
