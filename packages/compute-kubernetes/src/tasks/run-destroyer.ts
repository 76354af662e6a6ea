import type { TaskId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { lookLive, type RunCaches, type RunRemains } from './run-caches.ts'
import type { RunNotes } from './run-notes.ts'
import { isJobOfRun, runOf } from './run-objects.ts'
import type { TaskSettings } from './task-settings.ts'

export type DestroyRun = (id: TaskId, attempt: number, signal: AbortSignal) => Promise<void>

export type RunDestroyerParts = {
  readonly client: KubeClient
  readonly settings: TaskSettings
  readonly caches: RunCaches
  readonly notes: RunNotes
}

/** Whatever there was to save is saved by now, or will not be. Not 0: that would only forget the pod. */
const podGraceSeconds = 1
const goneWithinMs = 45_000
const lookEveryMs = 1_000
const pauseAfterLookMs = 200

/**
 * Destroys this attempt and older ones, and returns when nothing of them runs. The note comes first, so that no
 * other worker starts what is being destroyed here.
 */
export function makeRunDestroyer(parts: RunDestroyerParts): DestroyRun {
  const { client, settings, caches, notes } = parts
  return async (id, attempt, signal) => {
    await notes.markEnded(id, attempt, signal)
    const until = performance.now() + goneWithinMs
    const asked = new Set<string>()
    for (let pauseMs = 0; ; pauseMs = pauseAfterLookMs) {
      // That all of it is gone is asked of the API server itself; the watches only say when to ask.
      const left = upTo(await lookLive(client, settings.name, id, signal), id, attempt)
      if (isEmpty(left)) return
      await removeAll(client, left, asked, signal)
      if (performance.now() > until) throw new Error(stillThere(id, left))
      await untilWatchesSayGone(caches, id, attempt, signal)
      await caches.changed(id, pauseMs, signal)
    }
  }
}

async function untilWatchesSayGone(
  caches: RunCaches,
  id: TaskId,
  attempt: number,
  signal: AbortSignal,
): Promise<void> {
  const until = performance.now() + lookEveryMs
  while (!(caches.isFresh() && isEmpty(upTo(caches.find(id), id, attempt)))) {
    const leftMs = until - performance.now()
    if (leftMs <= 0) return
    await caches.changed(id, leftMs, signal)
    signal.throwIfAborted()
  }
}

function isEmpty({ jobs, pods }: RunRemains): boolean {
  return jobs.length + pods.length === 0
}

function upTo({ jobs, pods }: RunRemains, id: TaskId, attempt: number): RunRemains {
  const isMeant = (object: KubeObject) => (runOf(object)?.attempt ?? 0) <= attempt
  return {
    jobs: jobs.filter((job) => isMeant(job) && isJobOfRun(job, id, runOf(job)?.attempt ?? 0)),
    pods: pods.filter(isMeant),
  }
}

/** The Job first, so that it makes no other pod. Each object is asked to go once. */
async function removeAll(
  client: KubeClient,
  { jobs, pods }: RunRemains,
  asked: Set<string>,
  signal: AbortSignal,
): Promise<void> {
  const remove = async (kind: typeof kinds.jobs | typeof kinds.pods, { metadata }: KubeObject) => {
    const { name, namespace = '', uid } = metadata
    if (asked.has(uid)) return
    const grace = kind === kinds.pods ? { gracePeriodSeconds: podGraceSeconds } : {}
    try {
      await client.delete({ kind, namespace, name }, signal, { uid, ...grace })
      asked.add(uid)
    } catch (error) {
      // Somebody else wrote it at this very moment: the next look asks again.
      if (!isKubeError(error, 'Conflict')) throw error
    }
  }
  await Promise.all(jobs.map((job) => remove(kinds.jobs, job)))
  await Promise.all(pods.map((pod) => remove(kinds.pods, pod)))
}

function stillThere(id: TaskId, { jobs, pods }: RunRemains): string {
  const names = [...jobs, ...pods].map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  return `Run of ${id} is not gone after ${goneWithinMs / 1_000} s: ${names.join(', ')}. If its node is dead, remove the node from the cluster.`
}
