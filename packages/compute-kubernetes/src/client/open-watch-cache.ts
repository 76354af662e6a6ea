import type { Log } from '@leasehold/application'
import type { ApiRequests } from './api-requests.ts'
import { makeCacheStore } from './cache-store.ts'
import { followKind } from './follow-kind.ts'
import type { KindInfo } from './kinds.ts'
import type { KubeObject } from './kube-object.ts'
import type { KubeTime } from './kube-time.ts'
import type { OwnWrite } from './object-bodies.ts'
import type { ObjectRequests } from './object-requests.ts'
import { matchesLabels } from './selectors.ts'
import type { CacheChange, WatchCache, WatchCacheOptions } from './watch-cache.ts'

export type WatchCacheParts = {
  readonly requests: ApiRequests
  readonly objects: Pick<ObjectRequests, 'list'>
  readonly time: KubeTime
  readonly log: Log
  readonly onReconnect: () => void
}

/** A watch cache and the way by which it hears of its own client's writes. */
export function openWatchCache<T extends KubeObject>(
  parts: WatchCacheParts,
  kind: KindInfo,
  options: WatchCacheOptions<T>,
  onChange: (change: CacheChange<T>) => void,
  signal: AbortSignal,
): { readonly cache: WatchCache<T>; readonly ownWrite: (write: OwnWrite) => void } {
  const { project = (object: T) => object, indexes = {}, ...selection } = options
  const store = makeCacheStore<T>(indexes, (change) => {
    try {
      onChange(change)
    } catch (err) {
      parts.log.error({ kind: kind.plural, err }, 'kubernetes watch: a listener failed')
    }
  })
  const following = followKind({ ...parts, kind, selection, project, store }, signal)
  const hasLabels = matchesLabels(selection.labelSelector)

  return {
    cache: {
      get: store.get,
      list: store.list,
      find: store.find,
      remember: (object) => store.put(project(object)),
      isSynced: following.isSynced,
      isFresh: following.isFresh,
      synced: (until) => orAborted(following.synced, AbortSignal.any([until, signal])),
    },
    ownWrite(write) {
      if (write.kind.group !== kind.group || write.kind.plural !== kind.plural) return
      if ('gone' in write) return store.remove({ metadata: write.gone })
      const { metadata } = write.object
      if (selection.namespace !== undefined && metadata.namespace !== selection.namespace) return
      if (!hasLabels(metadata.labels)) return store.remove(write.object)
      // What a field selector means only the server knows: what it newly selects comes by the watch.
      const isKnown = store.get(metadata.namespace ?? null, metadata.name) !== null
      if (selection.fieldSelector === undefined || isKnown) store.put(project(write.object as T))
    },
  }
}

function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const end = () => reject(signal.reason)
    signal.addEventListener('abort', end, { once: true })
    void promise.then(() => {
      signal.removeEventListener('abort', end)
      resolve()
    })
  })
}
