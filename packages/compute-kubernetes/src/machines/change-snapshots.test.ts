import { StaleGeneration } from '@leasehold/application'
import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { type MachineChanges, makeMachineChanges } from './machine-changes.ts'
import { anOrder, machineSettings } from './testing/an-order.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

const { signal } = new AbortController()
const order = anOrder()
const metadata = { namespace: 'hold-ten-1', name: 'lse-1' }

type Facts = {
  readonly runStrategy?: string
  /** What virt-controller last wrote of whether there is an instance. */
  readonly created?: boolean
  readonly phase?: string
}

/** A machine that is off as the API server has it, unless the facts say else. */
function aPlace({ runStrategy = 'Halted', created, phase }: Facts) {
  const kube = fakeKube({ namespaces: [metadata.namespace] })
  const manifest = virtualMachineManifest(order, machineSettings)
  kube.put(kinds.virtualMachines, {
    ...manifest,
    spec: { ...(manifest.spec as object), runStrategy },
    status: { created },
  })
  if (phase !== undefined) kube.put(kinds.virtualMachineInstances, { metadata, status: { phase } })
  kube.put(kinds.virtualMachineSnapshots, {
    metadata: { ...metadata, name: 'lse-1-before' },
    status: { phase: 'Succeeded', readyToUse: true },
  })
  const changes = makeMachineChanges(kube, machineSettings)
  return {
    kube,
    changes,
    take: () => changes.snapshot(order, 'one', signal),
    restore: () => changes.restore(order, 'before', '1', signal),
  }
}

const notYetOff: readonly [string, Facts][] = [
  ['KubeVirt has not heard that its instance is gone', { created: true }],
  ['its instance has ended and is not removed yet', { phase: 'Succeeded' }],
]

describe('a snapshot', () => {
  it.each(notYetOff)('of a machine that goes off waits while %s', async (_, facts) => {
    const { kube, take } = aPlace(facts)

    expect(await take()).toEqual({ kind: 'in-progress' })

    expect(kube.requests.filter(({ verb }) => verb === 'create')).toEqual([])
  })

  it.each([
    ['is off', { created: false }],
    ['runs', { runStrategy: 'RerunOnFailure', created: true, phase: 'Running' }],
  ])('is asked for at once when the machine %s', async (_, facts) => {
    const { kube, take } = aPlace(facts)

    expect(await take()).toEqual({ kind: 'in-progress' })

    expect(kube.peek(kinds.virtualMachineSnapshots)).toHaveLength(2)
  })
})

describe('putting disks back', () => {
  it.each(notYetOff)('is refused while %s', async (_, facts) => {
    const { kube, restore } = aPlace(facts)

    expect(await restore()).toEqual({ kind: 'must-be-off' })

    expect(kube.peek(kinds.virtualMachineRestores)).toEqual([])
  })

  it('begins when KubeVirt, too, takes the machine for one that is off', async () => {
    const { kube, restore } = aPlace({ created: false })

    expect(await restore()).toEqual({ kind: 'in-progress' })

    expect(kube.peek(kinds.virtualMachineRestores)).toHaveLength(1)
  })
})

type Change = (changes: MachineChanges, lease: typeof order) => Promise<unknown>
const take: Change = (changes, lease) => changes.snapshot(lease, 'before', signal)
const inspect: Change = (changes, lease) => changes.inspectSnapshot(lease, 'before', signal)
const restore: Change = (changes, lease) => changes.restore(lease, 'before', '1', signal)
const remove: Change = (changes, lease) => changes.deleteSnapshot(lease, 'before', signal)
const every: readonly [string, Change][] = [
  ['taking', take],
  ['inspecting', inspect],
  ['restoring', restore],
  ['deleting', remove],
]

describe('snapshots of a machine that is no longer the one that is meant', () => {
  const restoreName = 'lse-1-before-1'
  /** Made for a machine of that name which was there before this one. */
  const ofEarlier = (name: string) => ({
    ...metadata,
    name,
    ownerReferences: [
      { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: 'lse-1', uid: 'earlier' },
    ],
  })

  it.each(every)('change nothing for who asks late: %s', async (_, change) => {
    const { kube, changes } = aPlace({})
    kube.put(kinds.virtualMachineRestores, {
      metadata: { ...metadata, name: restoreName },
      status: { complete: true },
    })

    await expect(change(changes, { ...order, generation: 0 })).rejects.toBeInstanceOf(
      StaleGeneration,
    )

    expect(kube.requests.filter(({ verb }) => verb !== 'get')).toEqual([])
  })

  it('are none of its own', async () => {
    const { kube, changes } = aPlace({})
    kube.put(kinds.virtualMachineSnapshots, {
      metadata: ofEarlier('lse-1-before'),
      status: { phase: 'Succeeded', readyToUse: true },
    })

    expect(await inspect(changes, order)).toEqual({ kind: 'absent' })
    expect(await take(changes, order)).toEqual({ kind: 'in-progress' })
    expect(await restore(changes, order)).toEqual({ kind: 'no-snapshot' })
  })

  it('do not make a restore look done that was another machine’s', async () => {
    const { kube, changes } = aPlace({})
    const ref = { ...metadata, kind: kinds.virtualMachineRestores, name: restoreName }
    kube.put(ref.kind, { metadata: ofEarlier(restoreName), status: { complete: true } })

    expect(await restore(changes, order)).toEqual({ kind: 'in-progress' })
    kube.vanish(ref)
    await restore(changes, order)

    expect(kube.peek(ref.kind)).toMatchObject([
      {
        metadata: {
          name: restoreName,
          ownerReferences: [{ uid: expect.not.stringMatching('earlier') }],
        },
      },
    ])
  })

  it('stay when they are taken anew while the one before is deleted', async () => {
    const { kube, changes } = aPlace({})
    const ref = { ...metadata, kind: kinds.virtualMachineSnapshots, name: 'lse-1-before' }
    kube.intercept(({ verb }) => {
      if (verb !== 'delete') return
      kube.intercept(null)
      kube.vanish(ref)
      kube.put(ref.kind, { metadata: { ...metadata, name: ref.name } })
    })

    await remove(changes, order)

    expect(kube.peek(ref.kind)).toHaveLength(1)
    await remove(changes, order)
    expect(kube.peek(ref.kind)).toEqual([])
  })
})
