import type { MachineShape } from '@leasehold/domain'
import type { KubeClient } from '../client/kube-client.ts'
import { machineName, namespaceOf } from '../object-names.ts'
import { addDisk, type DiskChange, removeDisk } from './change-disks.ts'
import type { LeasePlace, NewDisk } from './change-parts.ts'
import { isDiskName } from './change-parts.ts'
import {
  deleteSnapshot,
  inspectSnapshot,
  type RestoreOutcome,
  restoreSnapshot,
  type SnapshotOutcome,
  takeSnapshot,
} from './change-snapshots.ts'
import type { MachineSettings } from './manifest-settings.ts'
import { type ResizeOutcome, resizeMachine } from './resize-machine.ts'

/**
 * What can be done to a machine beside starting and ending it. Every call may be repeated: it starts what is not
 * under way, and answers how far it has got. Throws where the cluster does not answer, or answers nonsense, and
 * `StaleGeneration` before anything is changed on a machine that is younger than the one that is meant.
 */
export type MachineChanges = {
  /** Towards the CPUs and memory of `shape`: while it runs where KubeVirt can, else at its next start. */
  resize(lease: LeasePlace, shape: MachineShape, signal: AbortSignal): Promise<ResizeOutcome>
  /** A new empty disk, also while the machine runs. It stays with the machine over stop and start. */
  addDisk(lease: LeasePlace, disk: NewDisk, signal: AbortSignal): Promise<DiskChange>
  /** Takes such a disk out of the machine and removes it with what is on it. */
  removeDisk(lease: LeasePlace, name: string, signal: AbortSignal): Promise<DiskChange>
  snapshot(lease: LeasePlace, name: string, signal: AbortSignal): Promise<SnapshotOutcome>
  inspectSnapshot(lease: LeasePlace, name: string, signal: AbortSignal): Promise<SnapshotOutcome>
  deleteSnapshot(lease: LeasePlace, name: string, signal: AbortSignal): Promise<void>
  /** Puts the disks back to what they were, under their names. The machine must be off. `attempt` sets repeats apart. */
  restore(
    lease: LeasePlace,
    snapshot: string,
    attempt: string,
    signal: AbortSignal,
  ): Promise<RestoreOutcome>
}

export function makeMachineChanges(client: KubeClient, settings: MachineSettings): MachineChanges {
  const at = ({ tenantId, leaseId, generation }: LeasePlace) => ({
    client,
    settings,
    tenantId,
    leaseId,
    generation,
    namespace: namespaceOf(settings.prefix, tenantId),
    machine: machineName(leaseId),
  })
  const named = (name: string) => {
    if (!isDiskName(name)) throw new RangeError(`"${name}" is no name: a-z, 0-9 and -, at most 20`)
    return name
  }
  return {
    resize: async (lease, shape, signal) => resizeMachine(at(lease), shape, signal),
    addDisk: async (lease, disk, signal) =>
      addDisk(at(lease), { ...disk, name: named(disk.name) }, signal),
    removeDisk: async (lease, name, signal) => removeDisk(at(lease), named(name), signal),
    snapshot: async (lease, name, signal) => takeSnapshot(at(lease), named(name), signal),
    inspectSnapshot: async (lease, name, signal) => inspectSnapshot(at(lease), named(name), signal),
    deleteSnapshot: async (lease, name, signal) => deleteSnapshot(at(lease), named(name), signal),
    restore: async (lease, snapshot, attempt, signal) =>
      restoreSnapshot(at(lease), named(snapshot), named(attempt), signal),
  }
}
