import type { RunSighting } from '@leasehold/domain'
import { told } from './cluster-words.ts'
import { lossOfRun } from './run-loss.ts'
import {
  type ContainerStatus,
  containersOf,
  isOver,
  type Job,
  met,
  type Pod,
} from './run-objects.ts'

/**
 * What the objects of a run say. `pods` are all pods of the run that are left. Pure; nothing is concluded from
 * what is not there except by the caller, who knows how fresh all this is.
 */
export function sightRun(job: Job, pods: readonly Pod[]): RunSighting {
  const living = pods.filter((pod) => !isOver(pod))
  const hasEnded = met(job, 'Complete') !== null || met(job, 'Failed') !== null
  if (hasEnded && living.length === 0) return ended(job, pods)
  for (const pod of living) {
    const hindered = hindranceOf(pod)
    if (hindered !== null) return hindered
  }
  return { kind: 'present' }
}

function ended(job: Job, pods: readonly Pod[]): RunSighting {
  const unable = pods.flatMap(containersOf).find(isUnableToStart)
  if (unable !== undefined)
    return {
      kind: 'refused',
      detail: `The image cannot run a task: ${told(unable.state?.terminated?.message) ?? 'its containers do not start'}. It needs Python 3.10 or newer as python3.`,
    }
  const loss = lossOfRun(job, pods)
  return loss === null ? { kind: 'absent' } : { kind: 'absent', loss }
}

/** The runtime could not start the container's program at all. */
function isUnableToStart({ state }: ContainerStatus): boolean {
  const reason = state?.terminated?.reason ?? ''
  return ['StartError', 'ContainerCannotRun', 'RunContainerError'].includes(reason)
}

function hindranceOf(pod: Pod): RunSighting | null {
  for (const { state } of containersOf(pod)) {
    const { reason = '', message } = state?.waiting ?? {}
    const said = told(message)
    if (isBeyondHealing(reason, said ?? ''))
      return { kind: 'refused', detail: `The image cannot be had: ${said ?? reason}.` }
    if (isPullTrouble(reason)) return present(`Its image has not come yet: ${said ?? reason}.`)
    if (reason === 'CreateContainerError' || reason === 'CreateContainerConfigError')
      return present(`Its containers cannot be made yet: ${said ?? reason}.`)
  }
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False' && scheduled.reason === 'Unschedulable')
    return present(`No node has room yet: ${told(scheduled.message) ?? 'it waits'}.`)
  return null
}

function isPullTrouble(reason: string): boolean {
  return ['ErrImagePull', 'ImagePullBackOff', 'ImageInspectError', 'RegistryUnavailable'].includes(
    reason,
  )
}

/** A registry that says no says no again; one that does not answer may answer later. */
function isBeyondHealing(reason: string, message: string): boolean {
  if (reason === 'InvalidImageName' || reason === 'ErrImageNeverPull') return true
  if (!isPullTrouble(reason)) return false
  return /manifest unknown|not found|does not exist|pull access denied|unauthorized|forbidden|no match for platform/i.test(
    message,
  )
}

function present(obstacle: string): RunSighting {
  return { kind: 'present', obstacle }
}
