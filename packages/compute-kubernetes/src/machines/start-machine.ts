import { type MachineOrder, StaleGeneration } from '@leasehold/application'
import { kinds } from '../client/kinds.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { namespaceOf, tenantLabels } from '../object-names.ts'
import { type ContinueOutcome, continueMachine } from './continue-machine.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { claimTemplateManifest, machineGpus } from './machine-gpus.ts'
import { beforeNextTry, type MachineParts, machineRef } from './machine-parts.ts'
import { noteRefusal } from './order-refusal.ts'
import { shapeRefusal } from './shape-refusal.ts'
import { virtualMachineManifest } from './virtual-machine-manifest.ts'

type Outcome = ContinueOutcome | 'created' | 'refused'

/**
 * Starts the machine of an order. What was read may be old by the time we write: each write names the version it
 * goes by, and a lost race reads again.
 */
export async function startMachine(
  parts: MachineParts,
  order: MachineOrder,
  signal: AbortSignal,
): Promise<Exclude<Outcome, 'again'>> {
  const { settings, caches, notes } = parts
  const refusal = shapeRefusal(order, settings, caches.kubeVirt())
  if (refusal !== null) {
    await requireNotOver(parts, order, signal)
    notes.refuse(order.leaseId, order.generation, refusal)
    return 'refused'
  }
  for (let attempt = 1; ; attempt++) {
    const machine = await findMachine(parts, order, attempt > 1, signal)
    const outcome =
      machine === null
        ? await createMachine(parts, order, signal)
        : await continueMachine(parts, order, machine, signal)
    if (outcome === 'refused') return outcome
    if (outcome !== 'again') {
      notes.forget(order.leaseId)
      return outcome
    }
    await beforeNextTry(parts, order.leaseId, attempt, signal)
  }
}

/** From the cache while that is believable: a name that was taken meanwhile shows when we take it. */
async function findMachine(
  { client, caches, settings }: MachineParts,
  { leaseId, tenantId }: MachineOrder,
  mustBeLive: boolean,
  signal: AbortSignal,
): Promise<VirtualMachine | null> {
  if (caches.isFresh() && !mustBeLive) return caches.view(leaseId).machine
  return client.get(machineRef(namespaceOf(settings.prefix, tenantId), leaseId), signal)
}

async function requireNotOver(
  { fence }: MachineParts,
  { leaseId, generation }: MachineOrder,
  signal: AbortSignal,
): Promise<void> {
  const ended = await fence.ended(leaseId, signal)
  if (ended >= generation) throw new StaleGeneration(leaseId, generation, ended)
}

/**
 * A machine cannot boot without its seed, so the seed is the gate: it is written only when the fence is still down
 * after the machine is there. Whoever raises the fence looks for the machine afterwards. One of both sees the other.
 */
async function createMachine(
  parts: MachineParts,
  order: MachineOrder,
  signal: AbortSignal,
): Promise<Outcome> {
  const { client, settings, seeds } = parts
  await requireNotOver(parts, order, signal)
  let machine: VirtualMachine
  try {
    await ensureClaimTemplates(parts, order, signal)
    const manifest = virtualMachineManifest(order, settings)
    machine = await client.create<VirtualMachine>(kinds.virtualMachines, manifest, signal)
  } catch (error) {
    if (isKubeError(error, 'AlreadyExists')) return 'again'
    return noteRefusal(parts, order, error)
  }
  try {
    await requireNotOver(parts, order, signal)
  } catch (error) {
    if (error instanceof StaleGeneration) await takeBack(parts, order, machine, signal)
    throw error
  }
  await seeds.ensure(order, machine, signal)
  return 'created'
}

async function takeBack(
  { client, log }: MachineParts,
  { leaseId, generation }: MachineOrder,
  { metadata: { uid, namespace = '' } }: KubeObject,
  signal: AbortSignal,
): Promise<void> {
  await client.delete(machineRef(namespace, leaseId), signal, { uid })
  log.info({ leaseId, generation }, 'machine taken back: it was ended while it was made')
}

async function ensureClaimTemplates(
  { client, settings }: MachineParts,
  order: MachineOrder,
  signal: AbortSignal,
): Promise<void> {
  const { deviceClasses } = machineGpus(order.shape, settings)
  const namespace = namespaceOf(settings.prefix, order.tenantId)
  const labels = tenantLabels(order.tenantId, settings.name)
  for (const deviceClass of deviceClasses) {
    const manifest = claimTemplateManifest(namespace, deviceClass, labels)
    await client.apply(kinds.resourceClaimTemplates, manifest, signal)
  }
}
