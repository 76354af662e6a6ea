import type { RunLoss } from '@leasehold/domain'
import { told } from './cluster-words.ts'
import { containersOf, type Job, met, type Pod } from './run-objects.ts'
import { containerNames, homeVolume } from './run-pod.ts'

/** How a run ended whose agent may not have been able to tell; null when its agent had its say. Pure. */
export function lossOfRun(job: Job, pods: readonly Pod[]): RunLoss | null {
  if (met(job, 'Complete') !== null) return null
  for (const pod of pods) {
    const loss = evicted(pod) ?? outOfMemory(pod) ?? disrupted(pod)
    if (loss !== null) return loss
  }
  if (met(job, 'Failed')?.reason === 'DeadlineExceeded')
    return lost('The run went on far beyond its time limit, so the cluster ended it.')
  if (pods.length === 0) return lost('The pod of the run was removed from outside.')
  return agentFailed(pods)
}

/** The kubelet threw the pod out: for what it took itself, or for what its node lacks. */
function evicted({ status = {} }: Pod): RunLoss | null {
  if (status.reason !== 'Evicted') return null
  const detail = told(status.message) ?? 'its node needed the room'
  const isItsOwn = new RegExp(`emptydir volume "${homeVolume}"|ephemeral local storage`, 'i')
  if (isItsOwn.test(detail))
    return {
      reason: 'out-of-disk',
      detail: `The script wrote more than its disk holds, too fast to save its outputs (${detail}).`,
    }
  return { reason: 'interrupted', detail: `The node of the run ran short: ${detail}.` }
}

function outOfMemory(pod: Pod): RunLoss | null {
  const killed = containersOf(pod).find(({ state }) => state?.terminated?.reason === 'OOMKilled')
  if (killed === undefined) return null
  if (killed.name === containerNames.script)
    return {
      reason: 'out-of-memory',
      detail: 'The script was killed because it used more memory than its machine has.',
    }
  return lost('The agent of the run was killed because it used more memory than it may.')
}

/** Why Kubernetes took the pod away: https://kubernetes.io/docs/concepts/workloads/pods/disruptions/ */
const disruptions: Readonly<Record<string, string>> = {
  PreemptionByScheduler: 'Its place was needed by something of a higher priority.',
  EvictionByEvictionAPI: 'Its node was emptied.',
  DeletionByTaintManager: 'Its node was closed or did not answer.',
  DeletionByPodGC: 'Its node is gone.',
  TerminationByKubelet: 'Its node was shut down or ran short.',
}

function disrupted(pod: Pod): RunLoss | null {
  const condition = met(pod, 'DisruptionTarget')
  if (condition === null) return null
  const known = disruptions[condition.reason ?? '']
  return {
    reason: 'interrupted',
    detail:
      known ??
      `The pod of the run was taken away: ${told(condition.message) ?? 'no reason was given'}.`,
  }
}

function agentFailed(pods: readonly Pod[]): RunLoss {
  const agent = pods.flatMap(containersOf).find(({ name }) => name === containerNames.agent)
  const { exitCode, message } = agent?.state?.terminated ?? {}
  const code = exitCode === undefined ? 'without a word' : `with code ${exitCode}`
  const said = told(message)
  return lost(`The agent of the run ended ${code}${said === null ? '' : `: ${said}`}.`)
}

function lost(detail: string): RunLoss {
  return { reason: 'machine-lost', detail }
}
