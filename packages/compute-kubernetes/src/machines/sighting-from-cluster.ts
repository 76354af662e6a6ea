import type { MachineSighting } from '@leasehold/domain'
import { guestJupyterPort, guestSshPort } from '@leasehold/guest'
import { diskVolumeName } from '../object-names.ts'
import type { VirtualMachine } from './kubevirt-objects.ts'
import { interruption, machineObstacle, type ObstacleContext } from './machine-obstacle.ts'
import {
  generationOf,
  hasRun,
  isAlive,
  isHalted,
  isLeaving,
  isOfAnotherMachine,
  isPoweredOff,
  type MachineView,
} from './machine-view.ts'

export type SightingContext = ObstacleContext & {
  /** Of the lease, as it is asked for. */
  readonly generation: number
  /** Since when what is there has no machine, as far as this process knows; null when it has one. */
  readonly aloneSince: number | null
  /** Whether SSH has answered in the instance with this uid. */
  readonly sshAnswers: (uid: string) => boolean
}

/**
 * What the cluster says about one generation of a lease's machine. `absent` only when no process of the lease can
 * exist any more, `disk: 'none'` only when nothing is stored: what hangs in removal is not gone. Pure.
 */
export function sightingFromCluster(view: MachineView, context: SightingContext): MachineSighting {
  const { machine } = view
  if (machine === null) return withoutMachine(view, context)
  if (isLeaving(machine)) return booting(view, context)
  const generation = generationOf(machine) ?? context.generation
  if (generation > context.generation) return { kind: 'absent', disk: 'kept' }
  if (generation < context.generation || isHalted(machine)) {
    // What still runs is in the way, on its way down.
    return isAlive(view) ? booting(view, context) : notRunning(view, machine, context)
  }
  if (isPoweredOff(view)) return notRunning(view, machine, context)
  return upOrComing(view, context)
}

function booting(view: MachineView, context: SightingContext): MachineSighting {
  const obstacle = machineObstacle(view, context)
  return obstacle === null ? { kind: 'booting' } : { kind: 'booting', obstacle }
}

/** How long Kubernetes' collector may take to begin with what a deleted machine leaves. */
export const collectorMs = 15_000

/** The machine is deleted: what is left of it is about to go, or was left on purpose. */
function withoutMachine(view: MachineView, context: SightingContext): MachineSighting {
  const { instance, pods, claims } = view
  if (instance !== null || pods.length > 0) return booting(view, context)
  if (claims.length === 0) return { kind: 'absent', disk: 'none' }
  // A disk that is being removed, or is about to be, is neither there nor gone.
  const aloneMs = context.now - (context.aloneSince ?? context.now)
  if (claims.every(isLeaving) || aloneMs < collectorMs) return { kind: 'unknown' }
  return { kind: 'absent', disk: 'kept' }
}

const settleMs = 120_000

/**
 * The machine is off. Its system disk is kept unless we are sure that it is lost: the machine has run, so there was
 * one, and long enough ago that every cache has heard of it.
 */
function notRunning(
  { claims }: MachineView,
  machine: VirtualMachine,
  { now }: SightingContext,
): MachineSighting {
  const systemDisk = `-${diskVolumeName('system', 0)}`
  const isThere = claims.some(
    (claim) => claim.metadata.name.endsWith(systemDisk) && !isLeaving(claim),
  )
  const age = now - Date.parse(machine.metadata.creationTimestamp ?? '')
  const isLost = !isThere && hasRun(machine) && age > settleMs
  return { kind: 'absent', disk: isLost ? 'none' : 'kept' }
}

function upOrComing(view: MachineView, context: SightingContext): MachineSighting {
  const { instance } = view
  if (instance?.status?.phase === 'Unknown') return { kind: 'unknown' }
  if (instance === null || instance.status?.phase !== 'Running' || isOfAnotherMachine(view))
    return booting(view, context)
  if (isLeaving(instance)) return booting(view, context)
  const obstacle = interruption(view, context)
  if (obstacle !== null) return { kind: 'booting', obstacle }
  const host = addressOf(view)
  if (host === null || !context.sshAnswers(instance.metadata.uid)) return { kind: 'booting' }
  return {
    kind: 'running',
    address: { host, sshPort: guestSshPort, jupyterPort: guestJupyterPort },
  }
}

/**
 * The address on the pod network; null until there is one. KubeVirt may never report it of a machine that answers
 * there (seen with 1.8.4 under load: the interface is listed, without an address). Behind masquerade it is the pod's
 * own; while a machine moves it has two pods, and only KubeVirt knows which.
 */
export function addressOf({
  instance,
  pods,
}: Pick<MachineView, 'instance' | 'pods'>): string | null {
  const { interfaces = [], nodeName } = instance?.status ?? {}
  const card = interfaces.find(({ name }) => name === 'default') ?? interfaces[0]
  if (card?.ipAddress !== undefined) return card.ipAddress
  const running = pods.filter((pod) => pod.status?.phase === 'Running' && !isLeaving(pod))
  const [pod] = running
  if (pod === undefined || running.length > 1 || pod.spec?.nodeName !== nodeName) return null
  return pod.status?.podIP ?? null
}
