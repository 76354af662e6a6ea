import { kinds } from '../client/kinds.ts'
import { isKubeError, KubeError } from '../client/kube-error.ts'
import type { KubeManifest, ObjectRef } from '../client/kube-object.ts'
import { annotationNames, labelNames, managedBy } from '../object-names.ts'
import { storageClassesOf } from '../tenancy/storage-classes.ts'
import {
  type ChangePlace,
  machineAt,
  type NewDisk,
  readInstance,
  readMachine,
  type WholeMachine,
} from './change-parts.ts'
import { storageClassOf } from './machine-disks.ts'

/** `attaching`, `detaching`: KubeVirt is at it; ask again. `refused`: `why` is for the renter. */
export type DiskChange =
  | { readonly kind: 'attached' | 'attaching' | 'detached' | 'detaching' | 'absent' | 'busy' }
  | { readonly kind: 'refused'; readonly why: string }

export async function addDisk(
  place: ChangePlace,
  disk: NewDisk,
  signal: AbortSignal,
): Promise<DiskChange> {
  const { settings, tenantId } = place
  const { open } = storageClassesOf(settings, tenantId)
  const storageClass = storageClassOf({ ...disk, role: 'data' }, tenantId, settings)
  if (!open.includes(storageClass))
    return { kind: 'refused', why: `Storage class ${storageClass} is none of ${open.join(', ')}.` }
  const machine = await readMachine(place, signal)
  if (machine === null) return { kind: 'absent' }
  const known = machine.spec.template.spec.volumes?.find(({ name }) => name === disk.name)
  if (known?.dataVolume?.hotpluggable === true) return attachment(place, disk.name, signal)
  if (known !== undefined)
    return { kind: 'refused', why: `The machine was ordered with a disk ${disk.name}.` }
  if (isRequested(machine, disk.name)) return { kind: 'attaching' }
  await createDisk(place, machine, disk, storageClass, signal)
  return act(place, 'addvolume', addOptions(place, disk.name), 'attaching', signal)
}

export async function removeDisk(
  place: ChangePlace,
  name: string,
  signal: AbortSignal,
): Promise<DiskChange> {
  const machine = await readMachine(place, signal)
  if (machine === null) return { kind: 'absent' }
  const volume = machine.spec.template.spec.volumes?.find((one) => one.name === name)
  if (volume !== undefined && volume.dataVolume?.hotpluggable !== true)
    return { kind: 'refused', why: `The disk ${name} belongs to the machine as it was ordered.` }
  if (volume !== undefined)
    return isRequested(machine, name)
      ? { kind: 'detaching' }
      : act(place, 'removevolume', { name }, 'detaching', signal)
  const instance = await readInstance(place, signal)
  if (instance?.status?.volumeStatus?.some((one) => one.name === name)) return { kind: 'detaching' }
  await place.client.delete(diskAt(place, name), signal)
  return { kind: 'detached' }
}

const claimName = ({ machine }: ChangePlace, name: string) => `${machine}-x-${name}`

function diskAt(place: ChangePlace, name: string): ObjectRef {
  return { kind: kinds.dataVolumes, namespace: place.namespace, name: claimName(place, name) }
}

function isRequested({ status }: WholeMachine, name: string): boolean {
  return (
    status?.volumeRequests?.some(
      ({ addVolumeOptions, removeVolumeOptions }) =>
        addVolumeOptions?.name === name || removeVolumeOptions?.name === name,
    ) ?? false
  )
}

/** A machine that is off has it as soon as KubeVirt has written it down. */
async function attachment(
  place: ChangePlace,
  name: string,
  signal: AbortSignal,
): Promise<DiskChange> {
  const instance = await readInstance(place, signal)
  if (instance === null) return { kind: 'attached' }
  const volume = instance.status?.volumeStatus?.find((one) => one.name === name)
  return { kind: volume?.phase === 'Ready' ? 'attached' : 'attaching' }
}

/** The disk belongs to the machine: it goes when the machine goes. */
async function createDisk(
  place: ChangePlace,
  { metadata }: WholeMachine,
  { name, sizeGiB }: NewDisk,
  storageClassName: string,
  signal: AbortSignal,
): Promise<void> {
  const { labels = {}, annotations = {}, uid } = metadata
  const ours = [labelNames.lease, labelNames.tenant, labelNames.pool, labelNames.machineType]
  const manifest: KubeManifest = {
    metadata: {
      namespace: place.namespace,
      name: claimName(place, name),
      labels: {
        [labelNames.managedBy]: managedBy,
        ...Object.fromEntries(ours.map((label) => [label, labels[label] ?? ''])),
        [labelNames.role]: 'disk',
      },
      annotations: { [annotationNames.generation]: annotations[annotationNames.generation] ?? '0' },
      ownerReferences: [
        { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: place.machine, uid },
      ],
    },
    spec: {
      source: { blank: {} },
      storage: { storageClassName, resources: { requests: { storage: `${sizeGiB}Gi` } } },
    },
  }
  try {
    await place.client.create(kinds.dataVolumes, manifest, signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
  }
}

function addOptions(place: ChangePlace, name: string): object {
  return {
    name,
    disk: { name, serial: name, disk: { bus: 'virtio' } },
    volumeSource: { dataVolume: { name: claimName(place, name), hotpluggable: true } },
  }
}

/** KubeVirt answers 409 when the machine is being changed otherwise, and when it is so already. */
async function act(
  place: ChangePlace,
  action: 'addvolume' | 'removevolume',
  options: object,
  kind: 'attaching' | 'detaching',
  signal: AbortSignal,
): Promise<DiskChange> {
  try {
    await place.client.subresource(machineAt(place), action, 'PUT', options, signal)
    return { kind }
  } catch (error) {
    if (!(error instanceof KubeError) || error.isRetryable) throw error
    if (error.status === 409) return { kind: 'busy' }
    if (error.status === 404) return { kind: 'absent' }
    return { kind: 'refused', why: `The pool refuses it: ${error.message}` }
  }
}
