import type { Clock, Log } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { machineName } from '../object-names.ts'
import type { GenerationFence } from './generation-fence.ts'
import type { MachineCaches } from './machine-caches.ts'
import type { MachineNotes } from './machine-notes.ts'
import type { MachineSettings } from './manifest-settings.ts'
import type { SeedStore } from './seed-store.ts'

/** What starting and ending machines work with. */
export type MachineParts = {
  readonly client: KubeClient
  readonly settings: MachineSettings
  readonly caches: MachineCaches
  readonly fence: GenerationFence
  readonly notes: MachineNotes
  readonly seeds: SeedStore
  readonly log: Log
  readonly clock: Clock
}

export function machineRef(namespace: string, id: LeaseId): ObjectRef {
  return { kind: kinds.virtualMachines, namespace, name: machineName(id) }
}

export function refOf(kind: ObjectRef['kind'], { metadata }: KubeObject): ObjectRef {
  const { name, namespace } = metadata
  return namespace === undefined ? { kind, name } : { kind, namespace, name }
}

/** The pool cannot do it just now; the same call may succeed later. */
export class MachineBusy extends Error {
  override readonly name = 'MachineBusy'
}
