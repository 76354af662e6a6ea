import { type MachineOrder, StaleGeneration } from '@leasehold/application'
import { kinds } from '../client/kinds.ts'
import { isKubeError, KubeError } from '../client/kube-error.ts'
import { annotationNames, labelNames } from '../object-names.ts'
import { cutShort } from './cut-short.ts'
import { haltPatch } from './halt-patch.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { domainSize } from './machine-cpu-and-memory.ts'
import { MachineBusy, type MachineParts, refOf } from './machine-parts.ts'
import {
  endedGenerationOf,
  generationOf,
  isAlive,
  isHalted,
  isLeaving,
  isPoweredOff,
  type MachineView,
} from './machine-view.ts'

/** `again`: somebody changed the machine meanwhile; read it again. */
export type ContinueOutcome = 'restarted' | 'started-before' | 'ends-older' | 'again'

/** Starts a machine that is there already: the next generation of one that is off, or the same one once more. */
export async function continueMachine(
  parts: MachineParts,
  order: MachineOrder,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<ContinueOutcome> {
  const { leaseId, generation } = order
  const ended = await endedBefore(parts, order, machine, signal)
  const known = generationOf(machine) ?? generation
  if (generation < known || generation <= ended)
    throw new StaleGeneration(leaseId, generation, Math.max(known, ended))
  if (isLeaving(machine))
    throw new MachineBusy(`${leaseId}: the machine before this one is still being removed`)
  const view: MachineView = { ...parts.caches.view(leaseId), machine }
  try {
    if (generation > known && isAlive(view)) return await endOlder(parts, order, machine, signal)
    await parts.seeds.ensure(order, machine, signal)
    const isNext = generation > known || isHalted(machine)
    if (!isNext && !isPoweredOff(view)) return 'started-before'
    if (isNext) await write(parts, machine, startPatch(order), signal)
    await switchOn(parts, machine, signal)
    return 'restarted'
  } catch (error) {
    if (isKubeError(error, 'Conflict') || isKubeError(error, 'NotFound')) return 'again'
    throw error
  }
}

const endingMs = 10_000
const lookEveryMs = 100

/**
 * What an older generation left running is in the way. It usually is gone within a moment; where it takes longer
 * the machine is seen as booting until then, and as absent, to be started, after that.
 */
async function endOlder(
  parts: MachineParts,
  { leaseId }: MachineOrder,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<ContinueOutcome> {
  const { caches, clock, pause } = parts
  if (!isHalted(machine)) await write(parts, machine, haltPatch(generationOf(machine) ?? 0), signal)
  await cutShort(parts, leaseId, machine, signal)
  const until = clock.now() + endingMs
  while (isAlive(caches.view(leaseId))) {
    if (clock.now() >= until) return 'ends-older'
    await pause(lookEveryMs, signal)
    signal.throwIfAborted()
  }
  return 'again'
}

/** The mark on the machine, and for one on its way out the fence, which outlives it. */
async function endedBefore(
  { fence }: MachineParts,
  { leaseId }: MachineOrder,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<number> {
  const marked = endedGenerationOf(machine)
  return isLeaving(machine) ? Math.max(marked, await fence.ended(leaseId, signal)) : marked
}

/**
 * What a start changes: the generation, and the size, which may be another than last time. Volumes and cards that were
 * attached meanwhile stay as they are.
 */
function startPatch({ generation, shape, machineType }: MachineOrder): object {
  const annotations = { [annotationNames.generation]: String(generation) }
  // A lease that was resized has another one: whoever stands apart from a type is told by its name.
  const labels = { [labelNames.machineType]: machineType }
  return {
    metadata: { annotations, labels },
    spec: {
      runStrategy: 'RerunOnFailure',
      template: { metadata: { annotations, labels }, spec: { domain: domainSize(shape) } },
    },
  }
}

async function write(
  { client }: MachineParts,
  machine: VirtualMachine,
  patch: object,
  signal: AbortSignal,
): Promise<void> {
  const { resourceVersion } = machine.metadata
  await client.mergePatch(refOf(kinds.virtualMachines, machine), patch, signal, {
    resourceVersion,
  })
}

/**
 * KubeVirt must be told outright: a strategy that already was so makes it do nothing, and one that is new it notes as
 * acted by, without acting, when it is just busy with the instance before.
 */
async function switchOn(
  { client, caches }: MachineParts,
  machine: VirtualMachine,
  signal: AbortSignal,
): Promise<void> {
  const ref = refOf(kinds.virtualMachines, machine)
  try {
    await client.subresource(ref, 'start', 'PUT', {}, signal)
  } catch (error) {
    if (!isUnderWay(error)) throw error
  }
  // The action changed the status, which the answer does not show: read our own write.
  const changed = await client.get<VirtualMachine>(ref, signal)
  if (changed !== null) caches.remember(changed)
}

/**
 * 409: it is running, or coming back by itself. 500: KubeVirt still has a request to stop or start it in hand; where
 * that leaves it off, it is seen as off, and started once more.
 */
function isUnderWay(error: unknown): boolean {
  const isRunning = error instanceof KubeError && error.status === 409
  return isRunning || (error instanceof Error && error.message.includes('already underway'))
}
