import type { Log } from '@leasehold/application'
import { errorEventText, isObject, type Json } from './answers.ts'
import { collectionPath, withQuery } from './api-paths.ts'
import type { ApiRequests } from './api-requests.ts'
import type { CacheStore } from './cache-store.ts'
import type { KindInfo } from './kinds.ts'
import { KubeError } from './kube-error.ts'
import type { KubeObject, Selection } from './kube-object.ts'
import { backOff, type KubeTime, waitFor } from './kube-time.ts'
import { selectionQuery, tidy } from './object-bodies.ts'
import type { ObjectRequests } from './object-requests.ts'
import { isAtLeast } from './resource-version.ts'
import { limitTime } from './time-limit.ts'
import { NoAnswer } from './transport.ts'
import { readWatchLines, type WatchLine } from './watch-lines.ts'

/** The server sends a bookmark about once a minute; a watch silent for longer than this is dead. */
const silenceMs = 90_000
const silence = `nothing heard for ${silenceMs / 1_000} s`
/** After a longer absence everything is read again, so that "connected" means "knows everything". */
const absenceMs = 5_000
/** The server ends every watch some time; so short a gap between two is none. */
const handOverMs = 2_000
/** A watch that lived so long was a good one. */
const goodMs = 10_000
/** So many times the watch is taken up where it ended; then everything is read again. */
const mostResumes = 3
const pauses = { firstMs: 500, mostMs: 30_000 }

export type FollowSettings<T extends KubeObject> = {
  readonly kind: KindInfo
  readonly selection: Selection
  readonly project: (object: T) => T
  readonly store: CacheStore<T>
  readonly requests: ApiRequests
  readonly objects: Pick<ObjectRequests, 'list'>
  readonly time: KubeTime
  readonly log: Log
  readonly onReconnect: () => void
}

export type Following = {
  isSynced(): boolean
  isFresh(): boolean
  /** Resolves after the first list. */
  readonly synced: Promise<void>
}

/** Keeps a store as the cluster is, by list and watch, until the signal ends. Never throws and never gives up. */
export function followKind<T extends KubeObject>(
  settings: FollowSettings<T>,
  signal: AbortSignal,
): Following {
  const { kind, selection, project, store, requests, objects, time, log } = settings
  const { promise: synced, resolve: tellSynced } = Promise.withResolvers<void>()
  /** Up to where we know everything; null: read everything. */
  let version: string | null = null
  let isSynced = false
  let isConnected = false
  /** When we last knew everything, while we do not. */
  let awaySince: number | null = null
  let endedWell = false
  let failures = 0

  const readEverything = async (): Promise<string> => {
    const listed = await objects.list<T>(kind, selection, signal, project)
    store.replaceAll(listed.items, listed.resourceVersion)
    isSynced = true
    awaySince = time.now()
    endedWell = true
    tellSynced()
    return listed.resourceVersion
  }

  const take = ({ type, object }: WatchLine) => {
    if (type === 'ERROR') throw new BadEvent(errorEventText(object))
    if (type === 'BOOKMARK') return advance(versionOf(object))
    const known = project(requireObject(object))
    if (type === 'ADDED' || type === 'MODIFIED') store.put(known)
    if (type === 'DELETED') store.remove(known)
    advance(known.metadata.resourceVersion)
  }
  const requireObject = (object: Json): T => {
    try {
      return tidy<T>(object, kind)
    } catch (error) {
      throw new BadEvent((error as Error).message)
    }
  }
  const advance = (to: string | null) => {
    if (to !== null && version !== null && isAtLeast(to, version)) version = to
  }

  const watch = async (from: string) => {
    const limit = limitTime(signal, time, silenceMs, silence)
    const timeoutSeconds = Math.round(300 + time.random() * 300)
    const query = { watch: true, allowWatchBookmarks: true, resourceVersion: from, timeoutSeconds }
    const path = withQuery(collectionPath(kind, selection.namespace), {
      ...selectionQuery(selection),
      ...query,
    })
    const { namespace } = selection
    const about = { verb: 'watch', kind, namespace, subject: null, rule: 'never' } as const
    const startedAt = time.now()
    try {
      const { body } = await requests.open({ ...about, method: 'GET', path }, limit.signal)
      isConnected = true
      awaySince = null
      for await (const line of readWatchLines(body)) {
        limit.restart(silenceMs, silence)
        take(line)
        failures = 0
      }
    } catch (error) {
      const isSilence = isConnected && limit.signal.aborted && !signal.aborted
      throw isSilence ? new Silence(silence) : error
    } finally {
      limit.end()
      if (isConnected) awaySince = time.now()
      isConnected = false
      if (time.now() - startedAt >= goodMs) failures = 0
    }
  }

  const step = async () => {
    const isLongAway = awaySince !== null && time.now() - awaySince > absenceMs
    if (version === null || isLongAway) version = await readEverything()
    await watch(version)
  }

  const run = async () => {
    while (!signal.aborted) {
      let pauseMs = 0
      try {
        await step()
        endedWell = true
        // A server that ends every watch at once is given time.
        pauseMs = failures === 0 ? 0 : backOff(time, failures, pauses)
        failures += 1
      } catch (error) {
        if (signal.aborted) return
        endedWell = false
        // It goes on where it was, at once; whether the line is dead, shows then.
        if (error instanceof Silence) continue
        if (isAmnesia(error) || failures >= mostResumes) version = null
        if (failures === 0 || failures % 10 === 0) tell(error)
        pauseMs = backOff(time, failures, pauses)
        failures += 1
      }
      settings.onReconnect()
      await waitFor(time, pauseMs, signal).catch(() => {})
    }
  }
  const tell = (err: unknown) =>
    log.warn(
      { kind: kind.plural, namespace: selection.namespace, err },
      'kubernetes watch was lost',
    )

  void run()
  return {
    synced,
    isSynced: () => isSynced,
    isFresh: () =>
      isSynced &&
      !signal.aborted &&
      (isConnected || (endedWell && awaySince !== null && time.now() - awaySince < handOverMs)),
  }
}

/** Nothing was heard on a watch: a dead line, or a kind of which nothing happens and bookmarks are rare. */
class Silence extends Error {
  override readonly name = 'Silence'
}

/** Whether what happened since our version can no longer be had, or was sent and could not be understood. */
function isAmnesia(error: unknown): boolean {
  return (
    error instanceof BadEvent ||
    error instanceof NoAnswer ||
    (error instanceof KubeError && error.status === 410)
  )
}

/** An event that says the watch cannot go on (mostly: our version is too old), or that cannot be understood. */
class BadEvent extends Error {
  override readonly name = 'BadEvent'
}

function versionOf({ metadata }: Json): string | null {
  const version = isObject(metadata) ? metadata.resourceVersion : null
  return typeof version === 'string' ? version : null
}
