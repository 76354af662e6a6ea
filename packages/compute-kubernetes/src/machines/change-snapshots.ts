import { kinds } from '../client/kinds.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { labelNames, managedBy } from '../object-names.ts'
import { type ChangePlace, isSeenOff, readMachine, type WholeMachine } from './change-parts.ts'
import type { Condition } from './kubevirt-objects.ts'
import { seedVolume } from './machine-disks.ts'

/**
 * `ready`: it can be restored. `isOnline`: taken while the machine ran, as after a power cut unless the guest agent
 * held the file systems still. `leftOut`: disks of which the storage can take none; a snapshot without them is not
 * the machine.
 */
export type SnapshotOutcome =
  | { readonly kind: 'absent' | 'in-progress' | 'no-machine' }
  | {
      readonly kind: 'ready'
      readonly isOnline: boolean
      readonly isQuiet: boolean
      readonly leftOut: readonly string[]
    }
  | { readonly kind: 'failed'; readonly why: string }

export type RestoreOutcome =
  | { readonly kind: 'in-progress' | 'restored' | 'must-be-off' | 'no-snapshot' | 'no-machine' }
  | { readonly kind: 'failed'; readonly why: string }

type Snapshot = KubeObject & {
  readonly status?: {
    readonly phase?: string
    readonly readyToUse?: boolean
    readonly error?: { readonly message?: string }
    readonly indications?: readonly string[]
    readonly snapshotVolumes?: { readonly excludedVolumes?: readonly string[] }
  }
}
type Restore = KubeObject & {
  readonly status?: { readonly complete?: boolean; readonly conditions?: readonly Condition[] }
}

/** After this KubeVirt gives a snapshot up and thaws the guest. */
const failureDeadline = '5m'

export async function takeSnapshot(
  place: ChangePlace,
  name: string,
  signal: AbortSignal,
): Promise<SnapshotOutcome> {
  const machine = await readMachine(place, signal)
  const seen = await sightSnapshot(place, machine, name, signal)
  if (seen.kind !== 'absent') return seen
  if (machine === null) return { kind: 'no-machine' }
  // Taken a moment too early it would be called one of a running machine, for ever.
  const isStopping = machine.spec.runStrategy === 'Halted'
  if (isStopping && !(await isSeenOff(place, machine, signal))) return { kind: 'in-progress' }
  const manifest = {
    metadata: metadataOf(place, machine, snapshotAt(place, name)),
    spec: { source: sourceOf(place), failureDeadline },
  }
  try {
    await place.client.create(kinds.virtualMachineSnapshots, manifest, signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
  }
  return { kind: 'in-progress' }
}

export async function inspectSnapshot(
  place: ChangePlace,
  name: string,
  signal: AbortSignal,
): Promise<SnapshotOutcome> {
  return sightSnapshot(place, await readMachine(place, signal), name, signal)
}

/** One of an earlier machine of that name is on its way out, and none of this one's. */
async function sightSnapshot(
  place: ChangePlace,
  machine: WholeMachine | null,
  name: string,
  signal: AbortSignal,
): Promise<SnapshotOutcome> {
  const snapshot = await place.client.get<Snapshot>(snapshotAt(place, name), signal)
  if (snapshot === null || isOfAnother(snapshot, machine)) return { kind: 'absent' }
  const { phase, readyToUse, error, indications = [], snapshotVolumes } = snapshot.status ?? {}
  if (phase === 'Failed') return { kind: 'failed', why: error?.message ?? 'no reason is given' }
  if (phase !== 'Succeeded' || readyToUse !== true) return { kind: 'in-progress' }
  return {
    kind: 'ready',
    isOnline: indications.includes('Online'),
    isQuiet: !indications.includes('Online') || indications.includes('GuestAgent'),
    leftOut: (snapshotVolumes?.excludedVolumes ?? []).filter((volume) => volume !== seedVolume),
  }
}

/** The one that is there now: one that is taken under the same name meanwhile stays. */
export async function deleteSnapshot(
  place: ChangePlace,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  await readMachine(place, signal)
  const ref = snapshotAt(place, name)
  const snapshot = await place.client.get<Snapshot>(ref, signal)
  if (snapshot === null) return
  await place.client.delete(ref, signal, { uid: snapshot.metadata.uid })
}

export async function restoreSnapshot(
  place: ChangePlace,
  name: string,
  attempt: string,
  signal: AbortSignal,
): Promise<RestoreOutcome> {
  const ref = restoreAt(place, name, attempt)
  const machine = await readMachine(place, signal)
  if (machine === null) return { kind: 'no-machine' }
  const restore = await place.client.get<Restore>(ref, signal)
  if (restore !== null)
    return isOfAnother(restore, machine) ? { kind: 'in-progress' } : outcomeOf(restore)
  const snapshot = await sightSnapshot(place, machine, name, signal)
  if (snapshot.kind === 'failed') return snapshot
  if (snapshot.kind !== 'ready') return { kind: 'no-snapshot' }
  if (!(await isSeenOff(place, machine, signal))) return { kind: 'must-be-off' }
  const manifest = {
    metadata: metadataOf(place, machine, ref),
    spec: {
      target: sourceOf(place),
      virtualMachineSnapshotName: snapshotAt(place, name).name,
      targetReadinessPolicy: 'FailImmediate',
      // Disks keep their names: the next start finds them where they were.
      volumeRestorePolicy: 'InPlace',
    },
  }
  try {
    await place.client.create(kinds.virtualMachineRestores, manifest, signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
  }
  return { kind: 'in-progress' }
}

function outcomeOf({ status }: Restore): RestoreOutcome {
  if (status?.complete === true) return { kind: 'restored' }
  const failure = status?.conditions?.find((one) => one.type === 'Failure')
  if (failure?.status === 'True')
    return { kind: 'failed', why: failure.message ?? failure.reason ?? 'no reason is given' }
  return { kind: 'in-progress' }
}

/** Whether it was made for a machine of the same name that is not this one. */
function isOfAnother({ metadata }: KubeObject, machine: WholeMachine | null): boolean {
  const owner = metadata.ownerReferences?.find(({ kind }) => kind === 'VirtualMachine')
  return owner !== undefined && machine !== null && owner.uid !== machine.metadata.uid
}

function sourceOf({ machine }: ChangePlace): object {
  return { apiGroup: 'kubevirt.io', kind: 'VirtualMachine', name: machine }
}

function snapshotAt({ namespace, machine }: ChangePlace, name: string): ObjectRef {
  return { kind: kinds.virtualMachineSnapshots, namespace, name: `${machine}-${name}` }
}

function restoreAt({ namespace, machine }: ChangePlace, name: string, attempt: string): ObjectRef {
  return { kind: kinds.virtualMachineRestores, namespace, name: `${machine}-${name}-${attempt}` }
}

/** It belongs to the machine: a lease that ends leaves nothing behind. */
function metadataOf(
  { leaseId, tenantId, settings, machine: owner }: ChangePlace,
  machine: WholeMachine,
  { namespace = '', name }: ObjectRef,
) {
  const { uid } = machine.metadata
  return {
    namespace,
    name,
    labels: {
      [labelNames.managedBy]: managedBy,
      [labelNames.pool]: settings.name,
      [labelNames.tenant]: tenantId,
      [labelNames.lease]: leaseId,
      [labelNames.role]: 'snapshot',
    },
    ownerReferences: [{ apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', name: owner, uid }],
  }
}
