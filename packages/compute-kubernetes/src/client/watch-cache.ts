import type { KubeObject, Selection } from './kube-object.ts'

export type CacheChange<T> = { readonly type: 'changed' | 'removed'; readonly object: T }

export type WatchCacheOptions<T extends KubeObject> = Selection & {
  /**
   * Keeps of an object only what its reader needs, so that 10,000 leases fit in memory. Name, namespace, uid and
   * resourceVersion must stay. Left out: everything but `managedFields`.
   */
  readonly project?: (object: T) => T
  /** Names of indexes and the values under which an object is found in each. */
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>
}

/** A copy of a part of the cluster. Reading costs nothing; believe it only while `isFresh()`. */
export interface WatchCache<T extends KubeObject> {
  /** `namespace` is null for kinds without one. */
  get(namespace: string | null, name: string): T | null
  list(): readonly T[]
  /** The objects that an index of the options files under `value`. */
  find(index: string, value: string): readonly T[]
  /** The first list has been read. */
  isSynced(): boolean
  /** Synced, and the watch is alive. False: what it says may be over, and absence in it means nothing. */
  isFresh(): boolean
  /** Resolves when it is synced; rejects when the signal ends first. */
  synced(signal: AbortSignal): Promise<void>
  /** Takes in an object that its reader got elsewhere, if it is younger than what is known. */
  remember(object: T): void
}
