import { StaleGeneration } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import { cutShort, hasGuest } from './cut-short.ts'
import { findMachine } from './end-machine.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { type MachineParts, refOf } from './machine-parts.ts'
import { generationOf, isLeaving, type MachineView } from './machine-view.ts'
import { collectorMs } from './sighting-from-cluster.ts'

/** How long a guest may take over its shutdown when its disk goes with it anyway. */
const lastGraceMs = 20_000
/** How long KubeVirt has to put away a machine in which no guest runs. */
const emptyGraceMs = 4_000

/**
 * Removes a machine and all it has. The fence goes up first; the machine's disks and seed belong to it, so they go
 * when it is gone, which Kubernetes sees to. Called again it writes nothing until something takes too long.
 */
export async function destroyMachine(
  parts: MachineParts,
  id: LeaseId,
  generation: number,
  signal: AbortSignal,
): Promise<void> {
  const { client, fence, notes, log } = parts
  notes.forget(id)
  const machine = await findMachine(parts, id, generation, signal)
  if (machine === null) return removeLeftovers(parts, id, signal)
  const known = generationOf(machine) ?? generation
  if (known > generation) throw new StaleGeneration(id, generation, known)
  await fence.raise(id, generation, signal)
  if (!isLeaving(machine)) {
    const { uid } = machine.metadata
    await client.delete(refOf(kinds.virtualMachines, machine), signal, { uid })
    log.info({ leaseId: id, generation }, 'machine being destroyed')
    return
  }
  await hurry(parts, id, machine, signal)
}

async function hurry(
  parts: MachineParts,
  id: LeaseId,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<void> {
  const since = Date.parse(machine.metadata.deletionTimestamp ?? '')
  const graceMs = hasGuest(parts.caches.view(id)) ? lastGraceMs : emptyGraceMs
  if (parts.clock.now() - since >= graceMs) await cutShort(parts, id, machine, signal)
}

/** What stays when a machine was deleted without its dependants, or the collector does not run. */
async function removeLeftovers(
  { client, caches, clock, log }: MachineParts,
  id: LeaseId,
  signal: AbortSignal,
): Promise<void> {
  const { instance, claims } = caches.view(id)
  if (instance === null && claims.length === 0) return
  if (clock.now() - (caches.aloneSince(id) ?? clock.now()) < collectorMs) return
  if (instance !== null && !isLeaving(instance)) {
    const { uid } = instance.metadata
    await client.delete(refOf(kinds.virtualMachineInstances, instance), signal, { uid })
  }
  await removeClaims({ client }, claims, signal)
  log.info({ leaseId: id }, 'what a machine left behind is being removed')
}

async function removeClaims(
  { client }: Pick<MachineParts, 'client'>,
  claims: MachineView['claims'],
  signal: AbortSignal,
): Promise<void> {
  for (const claim of claims) {
    if (isLeaving(claim)) continue
    // A DataVolume would make its claim anew, so it goes first; it has the claim's name.
    await client.delete(refOf(kinds.dataVolumes, claim), signal)
    const { uid } = claim.metadata
    await client.delete(refOf(kinds.persistentVolumeClaims, claim), signal, { uid })
  }
}
