import type { KubeObject } from './kube-object.ts'
import { isAtLeast } from './resource-version.ts'
import type { CacheChange, WatchCacheOptions } from './watch-cache.ts'

export type CacheStore<T extends KubeObject> = {
  get(namespace: string | null, name: string): T | null
  list(): readonly T[]
  find(index: string, value: string): readonly T[]
  /** Takes in what was seen of an object, unless something younger is known. */
  put(object: T): void
  /** The object is gone, or out of sight: nothing of it up to this version is taken in again. */
  remove(object: Gone): void
  /** What is there, all of it, as of `resourceVersion`. What is younger than that stays. */
  replaceAll(objects: readonly T[], resourceVersion: string): void
}

export type Gone = {
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    /** At which it went. Left out: it is gone for good, and a uid never comes back. */
    readonly resourceVersion?: string
  }
}

/** Late events of objects that went long ago do not exist: the API server keeps some minutes of history. */
const rememberedGone = 10_000

const forGood = null

type Indexes<T extends KubeObject> = NonNullable<WatchCacheOptions<T>['indexes']>

/**
 * The objects of a watch cache. Whatever order things arrive in, doubled or late, by watch, by list or from our own
 * writes, it ends with the youngest of each: versions decide between two states of one object, and a uid that was
 * seen to be gone stays gone.
 */
export function makeCacheStore<T extends KubeObject>(
  indexes: Indexes<T>,
  onChange: (change: CacheChange<T>) => void,
): CacheStore<T> {
  const objects = new Map<string, T>()
  /** Versions at which objects went, by uid. */
  const gone = new Map<string, string | null>()
  const filed = new Map(Object.keys(indexes).map((name) => [name, new Map<string, Set<T>>()]))

  const file = (object: T) => {
    for (const [name, values] of filed)
      for (const value of indexes[name]?.(object) ?? [])
        values.set(value, (values.get(value) ?? new Set()).add(object))
  }
  const unfile = (object: T) => {
    for (const [name, values] of filed)
      for (const value of indexes[name]?.(object) ?? []) {
        values.get(value)?.delete(object)
        if (values.get(value)?.size === 0) values.delete(value)
      }
  }
  const drop = (key: string, object: T, version: string | null) => {
    objects.delete(key)
    unfile(object)
    bury(object.metadata.uid, version)
    onChange({ type: 'removed', object })
  }
  const bury = (uid: string, version: string | null) => {
    gone.delete(uid)
    gone.set(uid, version)
    const [oldest] = gone.keys()
    if (gone.size > rememberedGone && oldest !== undefined) gone.delete(oldest)
  }
  const isGone = (uid: string, version: string) => {
    const at = gone.get(uid)
    return at !== undefined && (at === forGood || isAtLeast(at, version))
  }
  const put = (object: T) => {
    const { uid, resourceVersion } = object.metadata
    if (isGone(uid, resourceVersion)) return
    const key = keyOf(object)
    const known = objects.get(key)
    if (known !== undefined) {
      if (!isAtLeast(resourceVersion, known.metadata.resourceVersion)) return
      if (known.metadata.uid !== uid) drop(key, known, forGood)
      else if (known.metadata.resourceVersion === resourceVersion) return
      else unfile(known)
    }
    objects.set(key, object)
    file(object)
    onChange({ type: 'changed', object })
  }

  return {
    get: (namespace, name) => objects.get(`${namespace ?? ''}/${name}`) ?? null,
    list: () => [...objects.values()],
    find(index, value) {
      const values = filed.get(index)
      if (values === undefined) throw new TypeError(`this cache has no index ${index}`)
      return [...(values.get(value) ?? [])]
    },
    put,
    remove(object) {
      const { uid, resourceVersion = forGood } = object.metadata
      const key = keyOf(object)
      const known = objects.get(key)
      if (known?.metadata.uid !== uid) bury(uid, resourceVersion)
      else if (
        resourceVersion === forGood ||
        isAtLeast(resourceVersion, known.metadata.resourceVersion)
      )
        drop(key, known, resourceVersion)
    },
    replaceAll(listed, resourceVersion) {
      const uids = new Set(listed.map((object) => object.metadata.uid))
      for (const [key, known] of objects)
        if (
          !uids.has(known.metadata.uid) &&
          isAtLeast(resourceVersion, known.metadata.resourceVersion)
        )
          drop(key, known, resourceVersion)
      for (const object of listed) put(object)
    },
  }
}

function keyOf({ metadata }: Gone): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`
}
