import type { MachineObstacle } from '@leasehold/domain'
import { conditionOf } from './kubevirt-objects.ts'
import { isLeaving, type MachineView } from './machine-view.ts'
import { roomObstacle } from './room-obstacle.ts'

export type ObstacleContext = {
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly isNodeLost: (name: string) => boolean
  /** What the catalogue calls an extended resource; null when it is none of its GPUs. */
  readonly gpuTypeOf: (resourceName: string) => string | null
}

/** How long each part of the pool may take before its silence is an obstacle. */
const silenceMs = 30_000
const removalMs = 60_000

/** What keeps a machine that should run from running, by all that the cluster says about it; null: nothing. */
export function machineObstacle(
  view: MachineView,
  context: ObstacleContext,
): MachineObstacle | null {
  return (
    interruption(view, context) ??
    removal(view, context) ??
    instanceObstacle(view, context) ??
    machineConditions(view) ??
    silence(view, context)
  )
}

/** What takes a machine that has come up out of use; troubles that KubeVirt has on the side do not. */
export function interruption(view: MachineView, context: ObstacleContext): MachineObstacle | null {
  return lostNode(view, context) ?? pause(view)
}

function lostNode(
  { instance, pods }: MachineView,
  { isNodeLost }: ObstacleContext,
): MachineObstacle | null {
  const names = [instance?.status?.nodeName, ...pods.map(({ spec }) => spec?.nodeName)]
  if (!names.some((name) => name !== undefined && isNodeLost(name))) return null
  return {
    code: 'node-lost',
    detail:
      'The computer under the machine has stopped answering. The machine comes back when it does, or elsewhere once the pool is certain that it is off.',
  }
}

function pause({ instance }: MachineView): MachineObstacle | null {
  if (conditionOf(instance, 'Paused')?.status !== 'True') return null
  return {
    code: 'pool-degraded',
    detail: 'The machine is paused: by the operator, or because a disk gave an error.',
  }
}

function removal({ machine }: MachineView, { now }: ObstacleContext): MachineObstacle | null {
  const since = Date.parse(machine?.metadata.deletionTimestamp ?? '')
  const minutes = Math.floor((now - since) / 60_000)
  if (!(now - since >= removalMs)) return null
  return {
    code: 'pool-degraded',
    detail: `The machine has been on its way out for ${minutes} min, and the pool has not let go of it.`,
  }
}

function instanceObstacle(
  { instance }: MachineView,
  context: ObstacleContext,
): MachineObstacle | null {
  const scheduled = conditionOf(instance, 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return roomObstacle(scheduled.message ?? '', context.gpuTypeOf)
  const synchronized = conditionOf(instance, 'Synchronized')
  if (synchronized?.status !== 'False') return null
  return failureObstacle(synchronized.reason ?? '', synchronized.message ?? '', context.gpuTypeOf)
}

/** A failure that virt-controller wrote down, read from its words. */
function failureObstacle(
  reason: string,
  message: string,
  gpuTypeOf: ObstacleContext['gpuTypeOf'],
): MachineObstacle {
  const forbidden = /GPU (\S+) is not permitted/i.exec(message)?.[1]
  if (forbidden !== undefined)
    return {
      code: 'gpu-not-permitted',
      detail: `The pool does not permit machines to have ${gpuTypeOf(forbidden) ?? forbidden}.`,
    }
  const quota = quotaObstacle(message)
  if (quota !== null) return quota
  switch (reason) {
    case 'FailedPvcNotFound':
      return { code: 'storage-missing', detail: 'A disk of the machine is not there.' }
    case 'ErrImagePull':
    case 'ImagePullBackOff':
      return { code: 'image-missing', detail: 'The pool cannot fetch an image the machine needs.' }
    default:
      return { code: 'pool-degraded', detail: `The pool reports: ${withoutNames(message)}` }
  }
}

/** `exceeded quota: q, requested: a=1, used: a=2, limited: a=3` in words; null when it says nothing of the kind. */
export function quotaObstacle(message: string): MachineObstacle | null {
  const parts = /exceeded quota: [^,]+, requested: (.+?), used: (.+?), limited: ([^\s"]+)/.exec(
    message,
  )
  if (parts === null) return null
  const [, requested, used, limited] = parts
  return {
    code: 'over-pool-quota',
    detail: `The pool's limit for this tenant is reached: asked ${requested}, used ${used}, limit ${limited}.`,
  }
}

function machineConditions({ machine }: MachineView): MachineObstacle | null {
  const failure = conditionOf(machine, 'Failure')
  if (failure?.status === 'True') return failureOfMachine(failure.message ?? '')
  const { printableStatus, startFailure } = machine?.status ?? {}
  if (printableStatus === 'DataVolumeError')
    return { code: 'storage-missing', detail: 'A disk of the machine could not be prepared.' }
  if (printableStatus === 'CrashLoopBackOff')
    return {
      code: 'pool-degraded',
      detail: `The machine has failed to start ${startFailure?.consecutiveFailCount ?? 1} times and is tried again.`,
    }
  return null
}

function failureOfMachine(message: string): MachineObstacle {
  const quota = quotaObstacle(message)
  if (quota !== null) return quota
  if (/DataSource|source PVC|clone|not authorized/i.test(message))
    return {
      code: 'image-missing',
      detail: 'The disk of the image is not there, or this pool does not let the tenant copy it.',
    }
  if (/DataVolume|PersistentVolumeClaim|storage/i.test(message))
    return { code: 'storage-missing', detail: 'A disk of the machine could not be made.' }
  return { code: 'pool-degraded', detail: `The pool reports: ${withoutNames(message)}` }
}

/** KubeVirt has not said a word about the order, so the part of it that should is not there. */
function silence(
  { machine, instance }: MachineView,
  { now }: ObstacleContext,
): MachineObstacle | null {
  if (machine === null || isLeaving(machine)) return null
  const newest = instance ?? machine
  const age = now - Date.parse(newest.metadata.creationTimestamp ?? '')
  const hasAnswer =
    instance === null
      ? machine.status?.printableStatus !== undefined
      : (instance.status?.phase ?? '') !== ''
  if (hasAnswer || !(age >= silenceMs)) return null
  return { code: 'pool-degraded', detail: 'The pool has not taken up the order for 30 s.' }
}

const longestDetail = 200

/** Names in quotes are the cluster's own business. */
function withoutNames(message: string): string {
  const text = message.replace(/\s*"[^"]*"/g, '').replace(/\s+/g, ' ')
  return text.length > longestDetail ? `${text.slice(0, longestDetail)}…` : text || 'no reason.'
}
