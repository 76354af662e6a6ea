import type { LeaseId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import { KubeError } from '../client/kube-error.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { type MachineParts, refOf } from './machine-parts.ts'
import { isAlive, isFinal, type MachineView } from './machine-view.ts'

/**
 * Ends what still lives of a machine that is to be off. From a guest that shuts down the rest of its grace is taken.
 * Where no guest runs, yet or any more, a launcher would sit out the grace with nothing to wait for: its pod goes, with
 * a second left, so that the node confirms it.
 */
export async function cutShort(
  parts: MachineParts,
  id: LeaseId,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<void> {
  const view = parts.caches.view(id)
  if (!isAlive(view)) return
  if (hasGuest(view)) await stopGuest(parts, id, view, machine, signal)
  else await endLaunchers(parts, id, view, signal)
}

/** Only while its instance says so: before and after there is nothing to shut down. */
export function hasGuest({ instance }: MachineView): boolean {
  return instance !== null && !isFinal(instance) && instance.status?.phase === 'Running'
}

/** KubeVirt answers 409 when nothing runs any more. */
async function stopGuest(
  { client, log }: MachineParts,
  id: LeaseId,
  { instance }: MachineView,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<void> {
  if (instance?.spec.terminationGracePeriodSeconds === 0) return
  try {
    const ref = refOf(kinds.virtualMachines, machine)
    await client.subresource(ref, 'stop', 'PUT', { gracePeriod: 0 }, signal)
    log.info({ leaseId: id }, 'machine killed')
  } catch (error) {
    const isOver = error instanceof KubeError && (error.status === 409 || error.status === 404)
    if (!isOver) throw error
  }
}

async function endLaunchers(
  { client, log }: MachineParts,
  id: LeaseId,
  { pods }: MachineView,
  signal: AbortSignal,
): Promise<void> {
  for (const pod of pods) {
    const isOver = ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '')
    if (isOver || pod.metadata.deletionGracePeriodSeconds === 1) continue
    const { uid } = pod.metadata
    await client.delete(refOf(kinds.pods, pod), signal, { uid, gracePeriodSeconds: 1 })
    log.info({ leaseId: id }, 'launcher without a guest ended')
  }
}
