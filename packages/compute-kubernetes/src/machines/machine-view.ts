import { annotationNames, numberAnnotation } from '../object-names.ts'
import type { DiskClaim, LauncherPod, MachineInstance, VirtualMachine } from './kubevirt-objects.ts'

/** Everything of one lease that a cluster holds. */
export type MachineView = {
  readonly machine: VirtualMachine | null
  readonly instance: MachineInstance | null
  readonly pods: readonly LauncherPod[]
  readonly claims: readonly DiskClaim[]
}

/** Which of a lease's generations the machine is. Null when somebody took the mark off. */
export function generationOf(machine: VirtualMachine): number | null {
  const { annotations = {} } = machine.spec.template?.metadata ?? {}
  return (
    numberAnnotation(machine, annotationNames.generation) ??
    numberAnnotation({ metadata: { annotations } }, annotationNames.generation)
  )
}

/** The youngest generation that Leasehold ended; 0 before the first. */
export function endedGenerationOf(machine: VirtualMachine): number {
  return numberAnnotation(machine, annotationNames.endedGeneration) ?? 0
}

export function isLeaving({ metadata }: { readonly metadata: { deletionTimestamp?: string } }) {
  return metadata.deletionTimestamp !== undefined
}

export function isFinal(instance: MachineInstance): boolean {
  return ['Succeeded', 'Failed'].includes(instance.status?.phase ?? '')
}

/** Whether a process of the lease may exist: an instance that has not ended, or a pod that has not. */
export function isAlive({ instance, pods }: MachineView): boolean {
  return (
    (instance !== null && !isFinal(instance)) ||
    pods.some(({ status }) => !['Succeeded', 'Failed'].includes(status?.phase ?? ''))
  )
}

/** The machine has had an instance: virt-controller notes a strategy only from then on. */
export function hasRun(machine: VirtualMachine): boolean {
  return machine.status?.runStrategy !== undefined
}

export function isHalted(machine: VirtualMachine): boolean {
  return machine.spec.runStrategy === 'Halted'
}

/**
 * The guest switched itself off, and KubeVirt leaves it so. Not while a start is asked for or the strategy is one
 * that virt-controller has not acted by yet: then the machine is on its way up.
 */
export function isPoweredOff(view: MachineView): boolean {
  const { machine, instance } = view
  if (machine === null || isLeaving(machine) || isAlive(view)) return false
  const { runStrategy = '', stateChangeRequests = [], printableStatus } = machine.status ?? {}
  if (runStrategy !== machine.spec.runStrategy || runStrategy === 'Always') return false
  if (stateChangeRequests.some(({ action }) => action === 'Start')) return false
  return instance === null ? printableStatus === 'Stopped' : instance.status?.phase === 'Succeeded'
}

/** An instance that another machine of the same name left behind. */
export function isOfAnotherMachine({ machine, instance }: MachineView): boolean {
  if (machine === null || instance === null) return false
  const owner = instance.metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachine')
  return owner !== undefined && owner.uid !== machine.metadata.uid
}
