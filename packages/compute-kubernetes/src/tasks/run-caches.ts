import type { PoolName, TaskId } from '@leasehold/domain'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject } from '../client/kube-object.ts'
import type { WatchCache } from '../client/watch-cache.ts'
import { labelNames, managedSelector, taskIdOf } from '../object-names.ts'
import { untilAborted } from '../until-aborted.ts'
import { type Job, jobInBrief, type Pod, podInBrief } from './run-objects.ts'

/** What is left of a task's runs. */
export type RunRemains = { readonly jobs: readonly Job[]; readonly pods: readonly Pod[] }

/** The Jobs and pods of a pool's runs, followed by watches and read without a request. */
export type RunCaches = {
  /** Only then may anything be concluded from them. */
  isFresh(): boolean
  find(id: TaskId): RunRemains
  all(): RunRemains
  /** Calls back for every change of a run, until the signal ends. */
  listen(onChange: (id: TaskId) => void, signal: AbortSignal): Promise<void>
  /** Resolves at the next change of that task's objects, and after `timeoutMs` at the latest. */
  changed(id: TaskId, timeoutMs: number, signal: AbortSignal): Promise<void>
  close(): void
}

/** Selects what belongs to the runs of one pool, or to one task of it. */
export function runSelector(pool: PoolName, id?: TaskId): string {
  const task = id === undefined ? labelNames.task : `${labelNames.task}=${id}`
  return `${managedSelector},${labelNames.pool}=${pool},${task}`
}

export function openRunCaches(client: KubeClient, pool: PoolName): RunCaches {
  const closing = new AbortController()
  const listeners = new Set<(id: TaskId) => void>()
  const tell = ({ object }: { readonly object: KubeObject }) => {
    const id = taskIdOf(object)
    if (id !== null) for (const listener of [...listeners]) listener(id)
  }
  const open = <T extends KubeObject>(kind: KindInfo, project: (object: T) => T): WatchCache<T> =>
    client.watchCache<T>(
      kind,
      { labelSelector: runSelector(pool), project, indexes: { task: taskOf } },
      tell,
      closing.signal,
    )
  const jobs = open<Job>(kinds.jobs, jobInBrief)
  const pods = open<Pod>(kinds.pods, podInBrief)
  return {
    isFresh: () => jobs.isFresh() && pods.isFresh(),
    find: (id) => ({ jobs: jobs.find('task', id), pods: pods.find('task', id) }),
    all: () => ({ jobs: jobs.list(), pods: pods.list() }),
    listen: async (onChange, signal) => {
      if (signal.aborted || closing.signal.aborted) return
      listeners.add(onChange)
      await untilAborted(AbortSignal.any([signal, closing.signal]))
      listeners.delete(onChange)
    },
    changed: async (id, timeoutMs, signal) => {
      const done = new AbortController()
      const listener = (changed: TaskId) => changed === id && done.abort()
      const timer = setTimeout(() => done.abort(), timeoutMs)
      listeners.add(listener)
      await untilAborted(AbortSignal.any([done.signal, signal, closing.signal]))
      listeners.delete(listener)
      clearTimeout(timer)
    },
    close: () => closing.abort(),
  }
}

/** What is left of a task's runs by the API server itself: for conclusions that a late watch must not spoil. */
export async function lookLive(
  client: KubeClient,
  pool: PoolName,
  id: TaskId | undefined,
  signal: AbortSignal,
): Promise<RunRemains> {
  const selection = { labelSelector: runSelector(pool, id) }
  const [jobs, pods] = await Promise.all([
    client.list<Job>(kinds.jobs, selection, signal),
    client.list<Pod>(kinds.pods, selection, signal),
  ])
  return { jobs: jobs.items, pods: pods.items }
}

function taskOf(object: KubeObject): readonly string[] {
  const id = taskIdOf(object)
  return id === null ? [] : [id]
}
