import type { Log } from '@leasehold/application'
import type { RunSighting, TaskId } from '@leasehold/domain'
import type { KubeClient } from '../client/kube-client.ts'
import { lookLive, type RunCaches, type RunRemains } from './run-caches.ts'
import type { RunNotes } from './run-notes.ts'
import { isJobOfRun, isOver, isReleased, type Job, runOf } from './run-objects.ts'
import { sightRun } from './sight-run.ts'
import type { TaskSettings } from './task-settings.ts'
import type { FindWaitingReason } from './waiting-reasons.ts'

export type RunInspectorParts = {
  readonly client: KubeClient
  readonly settings: TaskSettings
  readonly caches: RunCaches
  readonly notes: RunNotes
  readonly findWaitingReason: FindWaitingReason
  readonly log: Log
}

export type InspectRun = (id: TaskId, attempt: number, signal: AbortSignal) => Promise<RunSighting>

/**
 * What is seen of a run. A run that is there is read from the watches and costs no request; that it is not there
 * is never concluded from them alone. On any doubt: `unknown`.
 */
export function makeRunInspector(parts: RunInspectorParts): InspectRun {
  const { client, settings, caches, notes, log } = parts
  return async (id, attempt, signal) => {
    try {
      signal.throwIfAborted()
      if (!caches.isFresh()) return { kind: 'unknown' }
      const seen = await sightRemains(parts, caches.find(id), id, attempt, signal)
      if (seen !== null) return seen

      const { endedAttempt, refusal } = await notes.read(id, signal)
      if (refusal?.attempt === attempt) return { kind: 'refused', detail: refusal.detail }
      // Nothing of a destroyed run starts any more, so what the watches do not show is not there.
      if (endedAttempt >= attempt) return { kind: 'absent' }
      const live = await lookLive(client, settings.name, id, signal)
      return (await sightRemains(parts, live, id, attempt, signal)) ?? { kind: 'absent' }
    } catch (error) {
      log.warn({ taskId: id, attempt, err: error }, 'run could not be seen')
      return { kind: 'unknown' }
    }
  }
}

/** Null when nothing of that attempt is there, or only a Job that was not let go yet. */
async function sightRemains(
  { findWaitingReason }: RunInspectorParts,
  remains: RunRemains,
  id: TaskId,
  attempt: number,
  signal: AbortSignal,
): Promise<RunSighting | null> {
  const pods = remains.pods.filter((pod) => runOf(pod)?.attempt === attempt)
  const job = remains.jobs.find((one) => isJobOfRun(one, id, attempt) && isReleased(one))
  if (job === undefined) return pods.length === 0 ? null : { kind: 'present' }
  if (isLeaving(job)) return { kind: 'present' }
  const sighting = sightRun(job, pods)
  const hasPod = pods.some((pod) => !isOver(pod))
  if (sighting.kind !== 'present' || hasPod) return sighting
  return (await findWaitingReason(job, signal)) ?? sighting
}

function isLeaving({ metadata }: Job): boolean {
  return metadata.deletionTimestamp !== undefined
}
