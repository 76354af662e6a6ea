import { StaleGeneration } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import { isKubeError } from '../client/kube-error.ts'
import { labelNames, managedSelector } from '../object-names.ts'
import { cutShort } from './cut-short.ts'
import { haltPatch } from './halt-patch.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { beforeNextTry, type MachineParts, refOf } from './machine-parts.ts'
import { endedGenerationOf, generationOf, isHalted, isLeaving } from './machine-view.ts'

/** Marks the generation as over and switches the machine off; `forced` cuts the guest's time to shut down. */
export async function stopMachine(
  parts: MachineParts,
  id: LeaseId,
  generation: number,
  how: 'graceful' | 'forced',
  signal: AbortSignal,
): Promise<void> {
  parts.notes.forget(id)
  let machine = await findMachine(parts, id, generation, signal)
  for (let attempt = 1; machine !== null; attempt++) {
    requireNotOlder(machine, id, generation)
    const isMarked = endedGenerationOf(machine) >= generation && isHalted(machine)
    if (isMarked || isLeaving(machine)) break
    try {
      const { resourceVersion } = machine.metadata
      const patch = haltPatch(generation)
      const ref = refOf(kinds.virtualMachines, machine)
      machine = await parts.client.mergePatch<VirtualMachine>(ref, patch, signal, {
        resourceVersion,
      })
      parts.log.info({ leaseId: id, generation, how }, 'machine asked to stop')
      break
    } catch (error) {
      if (isKubeError(error, 'NotFound')) return parts.fence.raise(id, generation, signal)
      if (!isKubeError(error, 'Conflict')) throw error
      await beforeNextTry(parts, id, attempt, signal)
      machine = await parts.client.get(refOf(kinds.virtualMachines, machine), signal)
    }
  }
  if (machine !== null && how === 'forced') await cutShort(parts, id, machine, signal)
}

function requireNotOlder(machine: VirtualMachine, id: LeaseId, generation: number): void {
  const known = generationOf(machine) ?? generation
  if (known > generation) throw new StaleGeneration(id, generation, known)
}

/**
 * The lease's machine, wherever it is. When the caches show none the fence goes up before the cluster itself is
 * asked: a machine that is made from then on is taken back by whoever makes it.
 */
export async function findMachine(
  { caches, client, fence, settings }: MachineParts,
  id: LeaseId,
  generation: number,
  signal: AbortSignal,
): Promise<VirtualMachine | null> {
  if (!caches.isFresh()) await caches.synced(signal)
  const seen = caches.view(id).machine
  if (seen !== null) return seen
  if (fence.isRaised(id, generation)) return null
  await fence.raise(id, generation, signal)
  const labelSelector = `${managedSelector},${labelNames.pool}=${settings.name},${labelNames.lease}=${id}`
  const { items } = await client.list<VirtualMachine>(
    kinds.virtualMachines,
    { labelSelector },
    signal,
  )
  return items[0] ?? null
}
