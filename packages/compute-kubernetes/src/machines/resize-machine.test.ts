import { StaleGeneration } from '@leasehold/application'
import type { MachineShape } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { KubeError } from '../client/kube-error.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { makeMachineChanges } from './machine-changes.ts'
import { anOrder, machineSettings } from './testing/an-order.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

const { signal } = new AbortController()
const cpu = { sockets: 2, cores: 1, threads: 1, model: 'host-model', maxSockets: 4 }
const shape = aShape({ cpu, memoryMiB: 2_048, memory: { maxMiB: 4_096 } })
const bigger = { ...shape, cpu: { ...cpu, sockets: 3 }, memoryMiB: 3_072 }
const order = anOrder({ shape })
const machineRef = { kind: kinds.virtualMachines, namespace: 'hold-ten-1', name: 'lse-1' }
const instanceRef = { ...machineRef, kind: kinds.virtualMachineInstances }

type Live = { readonly sockets?: number; readonly memory?: string; readonly moves?: string | null }

/** A machine as it was ordered; with `live`, it runs with that much. */
function aPlace(live: Live | null, { ratio = 1 } = {}) {
  const kube = fakeKube({ namespaces: ['hold-ten-1'] })
  const { metadata, ...rest } = virtualMachineManifest(order, machineSettings)
  kube.put(kinds.virtualMachines, { metadata, ...rest })
  kube.put(kinds.kubeVirts, {
    metadata: { namespace: 'default', name: 'kubevirt' },
    spec: { configuration: { developerConfiguration: { cpuAllocationRatio: ratio } } },
  })
  if (live !== null)
    kube.put(kinds.virtualMachineInstances, {
      metadata: { namespace: 'hold-ten-1', name: 'lse-1' },
      spec: { domain: { cpu: { maxSockets: 4 }, memory: { maxGuest: '8Gi' } } },
      status: {
        phase: 'Running',
        currentCPUTopology: { sockets: live.sockets ?? 2 },
        memory: { guestAtBoot: '2Gi', guestCurrent: live.memory ?? '2Gi' },
        conditions:
          live.moves === null
            ? []
            : [{ type: 'LiveMigratable', status: live.moves ?? 'True', message: 'a local disk' }],
      },
    })
  const changes = makeMachineChanges(kube, machineSettings)
  return { kube, resize: (to: MachineShape, meant = order) => changes.resize(meant, to, signal) }
}

describe('another size', () => {
  it('is had at the next start by a machine that is off', async () => {
    const { kube, resize } = aPlace(null)

    expect(await resize({ ...bigger, critical: true })).toEqual({ kind: 'at-next-start' })

    expect(kube.peek(kinds.virtualMachines)[0]).toMatchObject({
      spec: {
        template: {
          spec: {
            domain: {
              cpu: { sockets: 3, maxSockets: 4 },
              memory: { guest: '3Gi', maxGuest: '4Gi' },
              resources: { requests: { cpu: '3', memory: '3Gi' }, limits: { cpu: '3' } },
            },
          },
        },
      },
    })
  })

  it('grows while the machine runs, step by step, and leaves what is reserved to KubeVirt', async () => {
    const { kube, resize } = aPlace({})

    expect(await resize(bigger)).toEqual({ kind: 'growing' })
    const writes = kube.requests.filter(({ verb }) => verb === 'patch')
    expect(writes.map(({ body }) => body)).toEqual([
      {
        spec: { template: { spec: { domain: { cpu: { sockets: 3 }, memory: { guest: '3Gi' } } } } },
      },
    ])
    expect(await resize(bigger)).toEqual({ kind: 'growing' })
    kube.edit(instanceRef, {
      status: { currentCPUTopology: { sockets: 3 }, memory: { guestCurrent: '3Gi' } },
    })

    expect(await resize(bigger)).toEqual({ kind: 'done' })
    expect(kube.requests.filter(({ verb }) => verb === 'patch').length).toBe(1)
  })

  it.each<[string, Live, Partial<MachineShape>, RegExp]>([
    ['fewer sockets', { sockets: 3 }, {}, /not removed.*3 sockets/],
    [
      'more sockets than it may have',
      {},
      { cpu: { ...cpu, sockets: 5 } },
      /grow to 4 sockets, not to 5/,
    ],
    ['less memory', { sockets: 2 }, { memoryMiB: 1_024 }, /started with 2048 MiB/],
    ['more memory than it may have', {}, { memoryMiB: 8_192 }, /grow to 4096 MiB, not to 8192/],
    [
      'a machine that cannot move',
      { moves: 'False' },
      bigger,
      /moving to another node.*a local disk/,
    ],
  ])('needs a restart for %s, and says why', async (_what, live, to, why) => {
    const { kube, resize } = aPlace(live)

    expect(await resize({ ...shape, ...to })).toEqual({
      kind: 'needs-restart',
      why: expect.stringMatching(why),
    })
    expect(kube.requests.some(({ verb }) => verb === 'patch')).toBe(false)
  })

  // KubeVirt adds a tenth of a CPU for each vCPU that is added, by its default.
  it('needs a restart for more CPUs where KubeVirt would share them among ten', async () => {
    const { resize } = aPlace({}, { ratio: 10 })

    expect(await resize(bigger)).toMatchObject({
      why: expect.stringContaining('cpuAllocationRatio'),
    })
    expect(await resize({ ...shape, memoryMiB: 3_072 })).toEqual({ kind: 'growing' })
  })

  it('needs a restart when KubeVirt says so', async () => {
    const { kube, resize } = aPlace({})
    const condition = { type: 'RestartRequired', status: 'True', message: 'memory-hotplug failed' }
    kube.edit(machineRef, { status: { conditions: [condition] } })

    expect(await resize(bigger)).toMatchObject({
      kind: 'needs-restart',
      why: expect.stringContaining('memory-hotplug failed'),
    })
  })

  it('is refused in the pool’s own words, and retried when somebody else was first', async () => {
    const { kube, resize } = aPlace({})
    const fail = (facts: ConstructorParameters<typeof KubeError>[0]) =>
      kube.intercept(({ verb }) => {
        if (verb === 'patch') throw new KubeError(facts)
      })

    fail({ status: 422, reason: 'Invalid', message: 'too much' })
    expect(await resize(bigger)).toMatchObject({
      kind: 'needs-restart',
      why: expect.stringContaining('too much'),
    })
    fail({ status: 409, reason: 'Conflict', message: 'changed' })
    expect(await resize(bigger)).toEqual({ kind: 'busy' })
    fail({ status: 500, reason: 'InternalError', message: 'boom' })
    await expect(resize(bigger)).rejects.toThrow('boom')
  })

  it('is refused for a machine that is off in the pool’s own words', async () => {
    const { kube, resize } = aPlace(null)
    kube.intercept(({ verb }) => {
      if (verb === 'patch')
        throw new KubeError({ status: 403, reason: 'Forbidden', message: 'over quota' })
    })

    expect(await resize(bigger)).toEqual({
      kind: 'refused',
      why: 'The pool refuses it: over quota',
    })
  })

  it('waits while KubeVirt has not said whether the machine may move', async () => {
    const { kube, resize } = aPlace({ moves: null })

    expect(await resize(bigger)).toEqual({ kind: 'busy' })
    expect(kube.requests.some(({ verb }) => verb === 'patch')).toBe(false)
  })

  // A worker that was paused meanwhile: the lease has been stopped and started since.
  it.each<[string, Live | null]>([
    ['runs', {}],
    ['is off', null],
  ])('is not given to a younger machine that %s', async (_what, live) => {
    const { kube, resize } = aPlace(live)

    const late = resize(bigger, { ...order, generation: order.generation - 1 })

    await expect(late).rejects.toThrow(StaleGeneration)
    expect(kube.requests.some(({ verb }) => verb === 'patch')).toBe(false)
  })

  it('is nothing to a machine that is not there', async () => {
    const { kube, resize } = aPlace(null)
    kube.vanish(machineRef)

    expect(await resize(bigger)).toEqual({ kind: 'absent' })
  })
})
