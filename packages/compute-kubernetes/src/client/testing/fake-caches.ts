import { type CacheStore, makeCacheStore } from '../cache-store.ts'
import type { KindInfo } from '../kinds.ts'
import type { KubeObject, Selection } from '../kube-object.ts'
import { matchesFields, matchesLabels } from '../selectors.ts'
import type { CacheChange, WatchCache, WatchCacheOptions } from '../watch-cache.ts'
import type { StoredEvent, StoredObject } from './fake-object-store.ts'

type Follower = {
  readonly kind: KindInfo
  readonly sees: (object: StoredObject) => boolean
  readonly store: CacheStore<StoredObject>
  readonly project: (object: StoredObject) => StoredObject
  isSynced: boolean
}

type Cluster = {
  isAvailable(): boolean
  isServed(kind: KindInfo): boolean
  list(kind: KindInfo): readonly StoredObject[]
  version(): string
}

/** The watch caches of the fake, on the store that the real ones use; news come at once, or when a test lets them. */
export function makeFakeCaches(cluster: Cluster) {
  const followers = new Set<Follower>()
  let held: StoredEvent[] | null = null

  const sync = (follower: Follower) => {
    if (!cluster.isAvailable() || !cluster.isServed(follower.kind)) return
    follower.store.replaceAll(
      cluster
        .list(follower.kind)
        .filter(follower.sees)
        .map((one) => follower.project(structuredClone(one))),
      cluster.version(),
    )
    follower.isSynced = true
  }

  const take = (event: StoredEvent, only?: (follower: Follower) => boolean) => {
    for (const follower of followers) {
      if (follower.kind.plural !== event.kind.plural || follower.kind.group !== event.kind.group)
        continue
      if (only !== undefined && !only(follower)) continue
      const object = structuredClone(event.object)
      if (event.type === 'DELETED') follower.store.remove(object)
      else if (follower.sees(object)) follower.store.put(follower.project(object))
      else if (follower.store.get(object.metadata.namespace ?? null, object.metadata.name) !== null)
        follower.store.remove(object)
    }
  }

  return {
    /** Something happened in the cluster. */
    news(event: StoredEvent): void {
      if (!cluster.isAvailable()) return
      if (held !== null) held.push(event)
      else take(event)
    },
    /** What the client itself wrote, known whatever its watches do. */
    ownWrite(event: StoredEvent): void {
      take(event)
    },
    hold(isHeld: boolean): void {
      const waiting = held ?? []
      held = isHeld ? waiting : null
      if (!isHeld) for (const event of waiting) take(event)
    },
    resync(): void {
      for (const follower of followers) sync(follower)
    },
    open<T extends KubeObject>(
      kind: KindInfo,
      options: WatchCacheOptions<T>,
      onChange: (change: CacheChange<T>) => void,
      signal: AbortSignal,
    ): WatchCache<T> {
      const { project = (object: T) => object } = options
      const store = makeCacheStore<T>(options.indexes ?? {}, onChange)
      const follower: Follower = {
        kind,
        sees: seesWith(options),
        store: store as unknown as CacheStore<StoredObject>,
        project: project as unknown as (object: StoredObject) => StoredObject,
        isSynced: false,
      }
      followers.add(follower)
      signal.addEventListener('abort', () => followers.delete(follower), { once: true })
      queueMicrotask(() => {
        if (!signal.aborted) sync(follower)
      })
      return {
        get: store.get,
        list: store.list,
        find: store.find,
        remember: (object) => store.put(project(object)),
        isSynced: () => follower.isSynced,
        isFresh: () =>
          follower.isSynced && !signal.aborted && cluster.isAvailable() && cluster.isServed(kind),
        async synced(until) {
          while (!follower.isSynced) {
            until.throwIfAborted()
            await new Promise((resolve) => setImmediate(resolve))
          }
        },
      }
    },
  }
}

function seesWith({ namespace, labelSelector, fieldSelector }: Selection) {
  const hasLabels = matchesLabels(labelSelector)
  const hasFields = matchesFields(fieldSelector)
  return (object: StoredObject) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    hasLabels(object.metadata.labels) &&
    hasFields(object)
}
