import type { MachineShape } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import { isKubeError, KubeError } from '../client/kube-error.ts'
import { mebibytes, quantityValue } from '../tenancy/quantity-text.ts'
import {
  type ChangePlace,
  machineAt,
  readInstance,
  readMachine,
  type WholeInstance,
  type WholeMachine,
} from './change-parts.ts'
import { type KubeVirtObject, kubeVirtFacts } from './kubevirt-facts.ts'
import { conditionOf } from './kubevirt-objects.ts'
import { domainSize } from './machine-cpu-and-memory.ts'

/**
 * `growing`: KubeVirt is at it. `needs-restart`: the machine has to be stopped and started;
 * `refused`: the cluster does not allow that size at all. `why` is for the renter.
 */
export type ResizeOutcome =
  | { readonly kind: 'done' | 'growing' | 'at-next-start' | 'absent' | 'busy' }
  | { readonly kind: 'needs-restart' | 'refused'; readonly why: string }

/**
 * Sockets and memory can grow while a machine runs, when it may move to another node: KubeVirt adds them in a
 * migration. Everything else waits for a stop and a start, which goes by the lease's shape.
 */
export async function resizeMachine(
  place: ChangePlace,
  shape: MachineShape,
  signal: AbortSignal,
): Promise<ResizeOutcome> {
  const machine = await readMachine(place, signal)
  if (machine === null) return { kind: 'absent' }
  const instance = await readInstance(place, signal)
  if (instance === null) return write(place, machine, domainSize(shape), 'at-next-start', signal)
  if (isAsAsked(instance, shape)) return { kind: 'done' }
  const obstacle = (await whyNotLive(place, machine, instance, shape, signal)) ?? failure(machine)
  if (obstacle !== null) return { kind: 'needs-restart', why: obstacle }
  if (isOrdered(machine, shape)) return { kind: 'growing' }
  // Just started: KubeVirt has not yet said whether it may move.
  if (conditionOf(instance, 'LiveMigratable') === null) return { kind: 'busy' }
  // What is reserved stays as it is: KubeVirt raises it in the instance, and takes a change here for a restart.
  const size = {
    cpu: { sockets: shape.cpu.sockets },
    memory: { guest: mebibytes(shape.memoryMiB) },
  }
  return write(place, machine, size, 'growing', signal)
}

async function write(
  place: ChangePlace,
  { metadata: { resourceVersion } }: WholeMachine,
  domain: object,
  kind: 'growing' | 'at-next-start',
  signal: AbortSignal,
): Promise<ResizeOutcome> {
  const patch = { spec: { template: { spec: { domain } } } }
  try {
    await place.client.mergePatch(machineAt(place), patch, signal, { resourceVersion })
    return { kind }
  } catch (error) {
    if (isKubeError(error, 'Conflict')) return { kind: 'busy' }
    if (isKubeError(error, 'NotFound')) return { kind: 'absent' }
    if (error instanceof KubeError && (error.status === 422 || error.status === 403))
      return kind === 'growing'
        ? {
            kind: 'needs-restart',
            why: `The pool does not change it while it runs: ${error.message}`,
          }
        : { kind: 'refused', why: `The pool refuses it: ${error.message}` }
    throw error
  }
}

const mebibytesOf = (quantity: string | undefined) => (quantityValue(quantity) ?? 0) / 2 ** 20

function isAsAsked({ status }: WholeInstance, { cpu, memoryMiB }: MachineShape): boolean {
  return (
    status?.currentCPUTopology?.sockets === cpu.sockets &&
    mebibytesOf(status.memory?.guestCurrent) === memoryMiB
  )
}

function isOrdered({ spec }: WholeMachine, { cpu, memoryMiB }: MachineShape): boolean {
  const { domain } = spec.template.spec
  return domain.cpu?.sockets === cpu.sockets && mebibytesOf(domain.memory?.guest) === memoryMiB
}

/** What KubeVirt says it cannot do without a restart. */
function failure(machine: WholeMachine): string | null {
  const condition = conditionOf(machine, 'RestartRequired')
  return condition?.status === 'True'
    ? `The pool reports: ${condition.message ?? 'no reason'}.`
    : null
}

async function whyNotLive(
  { client }: ChangePlace,
  machine: WholeMachine,
  instance: WholeInstance,
  { cpu, memoryMiB }: MachineShape,
  signal: AbortSignal,
): Promise<string | null> {
  const { status, spec } = instance
  const sockets = status?.currentCPUTopology?.sockets ?? cpu.sockets
  const mostSockets = spec.domain.cpu?.maxSockets ?? sockets
  const bootMiB = mebibytesOf(status?.memory?.guestAtBoot)
  const { maxGuest } = machine.spec.template.spec.domain.memory ?? {}
  // Without a word of ours KubeVirt has a ceiling of its own, which the lease was not ordered with.
  const mostMiB = Math.max(mebibytesOf(maxGuest), bootMiB)
  if (cpu.sockets < sockets)
    return `CPUs can be added but not removed while it runs: it has ${sockets} sockets.`
  if (cpu.sockets > mostSockets)
    return `It was started to grow to ${mostSockets} sockets, not to ${cpu.sockets}.`
  if (memoryMiB < bootMiB)
    return `It was started with ${bootMiB} MiB and cannot have less while it runs.`
  if (memoryMiB > mostMiB) return `It was started to grow to ${mostMiB} MiB, not to ${memoryMiB}.`
  const moves = conditionOf(instance, 'LiveMigratable')
  if (moves !== null && moves.status !== 'True')
    return `It grows by moving to another node, which it cannot: ${moves.message ?? 'no reason is given'}.`
  if (cpu.sockets === sockets) return null
  const { items } = await client.list<KubeVirtObject>(kinds.kubeVirts, {}, signal)
  const ratio = items[0] === undefined ? 1 : kubeVirtFacts(items[0]).cpuAllocationRatio
  return ratio > 1
    ? `The pool would share added CPUs among ${ratio}. The operator sets KubeVirt's cpuAllocationRatio to 1 to allow it.`
    : null
}
