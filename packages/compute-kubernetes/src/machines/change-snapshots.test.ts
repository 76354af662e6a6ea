import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { makeMachineChanges } from './machine-changes.ts'
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
