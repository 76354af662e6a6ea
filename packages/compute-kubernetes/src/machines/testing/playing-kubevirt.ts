import { kinds } from '../../client/kinds.ts'
import type { KubeObject, ObjectRef } from '../../client/kube-object.ts'
import type { FakeKube } from '../../client/testing/fake-controls.ts'
import type { MachineInstance, VirtualMachine } from '../kubevirt-objects.ts'

const finalizer = 'kubevirt.io/virtualMachineControllerFinalize'

type FullMachine = VirtualMachine & {
  readonly spec: {
    readonly dataVolumeTemplates?: readonly {
      readonly metadata: { readonly name: string; readonly labels?: Record<string, string> }
    }[]
    readonly template?: { readonly metadata?: { readonly labels?: Record<string, string> } }
  }
}

export type PlayedKubeVirt = {
  /** The guest switches itself off. */
  powerOff(name: string): void
  /** Guests take their time to shut down until they are cut short. */
  holdShutdowns(isHeld: boolean): void
  /** virt-controller and virt-handler do nothing. */
  sleep(isAsleep: boolean): void
}

/**
 * Plays KubeVirt's controllers on a cluster in memory, as far as unit tests of the driver need them: instances, pods
 * and claims come and go with their machine. What KubeVirt really does is tested on a cluster that has it.
 */
export function playKubeVirt(kube: FakeKube, signal: AbortSignal): PlayedKubeVirt {
  let isAsleep = false
  let holdsShutdowns = false
  let addresses = 0
  const cutShort = new Set<string>()
  const off = new Set<string>()
  const refTo = (kind: ObjectRef['kind'], { metadata }: KubeObject, name = metadata.name) => ({
    kind,
    name,
    namespace: metadata.namespace ?? '',
  })
  const instanceOf = ({ metadata }: KubeObject) =>
    kube
      .peek<MachineInstance>(kinds.virtualMachineInstances, metadata.namespace)
      .find(({ metadata: { name } }) => name === metadata.name) ?? null

  const owned = (machine: FullMachine, name = machine.metadata.name) => {
    const { uid } = machine.metadata
    const owner = {
      apiVersion: 'kubevirt.io/v1',
      kind: 'VirtualMachine',
      uid,
      name: machine.metadata.name,
    }
    const { labels, annotations } = machine.spec.template?.metadata ?? {}
    const metadata = { namespace: machine.metadata.namespace ?? '', name, ownerReferences: [owner] }
    return { ...metadata, labels: labels ?? {}, annotations: annotations ?? {} }
  }

  const boot = (machine: FullMachine) => {
    for (const { metadata } of machine.spec.dataVolumeTemplates ?? [])
      kube.put(kinds.persistentVolumeClaims, {
        metadata: { ...owned(machine, metadata.name), labels: metadata.labels ?? {} },
        status: { phase: 'Bound' },
      })
    const { name } = machine.metadata
    kube.put(kinds.pods, {
      metadata: owned(machine, `virt-launcher-${name}`),
      spec: { nodeName: 'node-1' },
      status: { phase: 'Running' },
    })
    kube.put(kinds.virtualMachineInstances, {
      metadata: owned(machine),
      spec: { terminationGracePeriodSeconds: 180 },
      status: {
        phase: 'Running',
        nodeName: 'node-1',
        interfaces: [{ name: 'default', ipAddress: `10.1.0.${++addresses}` }],
      },
    })
    const status = { runStrategy: machine.spec.runStrategy, printableStatus: 'Running' }
    kube.edit(refTo(kinds.virtualMachines, machine), {
      status: { ...status, stateChangeRequests: null },
    })
  }
  const shutDown = (machine: FullMachine) => {
    const { name } = machine.metadata
    if (holdsShutdowns && !cutShort.has(name)) return false
    cutShort.delete(name)
    if (instanceOf(machine) !== null) kube.vanish(refTo(kinds.virtualMachineInstances, machine))
    const pod = refTo(kinds.pods, machine, `virt-launcher-${name}`)
    if (kube.peek(kinds.pods, pod.namespace).some(({ metadata }) => metadata.name === pod.name))
      kube.vanish(pod)
    return true
  }

  const act = (machine: FullMachine) => {
    const { name, finalizers = [], deletionTimestamp } = machine.metadata
    const ref = refTo(kinds.virtualMachines, machine)
    const isUp = instanceOf(machine) !== null
    if (deletionTimestamp !== undefined) {
      if (shutDown(machine) && finalizers.includes(finalizer))
        kube.edit(ref, { metadata: { finalizers: finalizers.filter((one) => one !== finalizer) } })
    } else if (!finalizers.includes(finalizer)) {
      kube.edit(ref, { metadata: { finalizers: [...finalizers, finalizer] } })
    } else if (machine.spec.runStrategy === 'Halted') {
      const status = { runStrategy: 'Halted', printableStatus: 'Stopped' }
      if (isUp ? shutDown(machine) : machine.status?.runStrategy !== 'Halted')
        kube.edit(ref, { status })
    } else if (!isUp && !off.has(name)) {
      boot(machine)
    }
  }
  const look = () => {
    if (isAsleep || signal.aborted) return
    for (const machine of kube.peek<FullMachine>(kinds.virtualMachines)) act(machine)
  }
  kube.watchCache(kinds.virtualMachines, {}, () => queueMicrotask(look), signal)
  kube.onSubresource(({ name, subresource }) => {
    if (subresource === 'stop') cutShort.add(name)
    if (subresource === 'start') off.delete(name)
    queueMicrotask(look)
    return null
  })
  return {
    powerOff(name) {
      off.add(name)
      const machine = kube
        .peek<FullMachine>(kinds.virtualMachines)
        .find(({ metadata }) => metadata.name === name)
      if (machine === undefined || !shutDown(machine)) throw new Error(`${name} does not run`)
      const status = { runStrategy: machine.spec.runStrategy, printableStatus: 'Stopped' }
      kube.edit(refTo(kinds.virtualMachines, machine), { status })
    },
    holdShutdowns(isHeld) {
      holdsShutdowns = isHeld
      queueMicrotask(look)
    },
    sleep(next) {
      isAsleep = next
      queueMicrotask(look)
    },
  }
}
