import type { Clock, Log, Pause } from '@leasehold/application'
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
  readonly pause: Pause
}

/** KubeVirt writes to a machine half a dozen times within its first moments. */
const mostTries = 8
const longestPauseMs = 200

/**
 * Waits a little before the next try of a write whose version was overtaken, longer each time.
 * @throws MachineBusy after the last try
 */
export async function beforeNextTry(
  { pause }: Pick<MachineParts, 'pause'>,
  id: LeaseId,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  if (attempt >= mostTries)
    throw new MachineBusy(`${id}: the machine is being changed by others; try again`)
  await pause(Math.min(10 * 2 ** attempt, longestPauseMs), signal)
  signal.throwIfAborted()
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
