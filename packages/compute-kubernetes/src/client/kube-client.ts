import type { Duplex, Readable } from 'node:stream'
import type { KindInfo } from './kinds.ts'
import type { KubeManifest, KubeObject, ObjectRef, Selection } from './kube-object.ts'
import type { CacheChange, WatchCache, WatchCacheOptions } from './watch-cache.ts'

export type ObjectList<T> = { readonly items: readonly T[]; readonly resourceVersion: string }

export type WriteOptions = {
  /** Everything is checked, admission included, and nothing is stored. */
  readonly dryRun?: boolean
}

export type ApplyOptions = WriteOptions & {
  /** Takes over fields that another manager owns. True unless said otherwise: what we apply is ours. */
  readonly force?: boolean
}

export type PatchOptions = WriteOptions & {
  /** Only when the object still has this version; else `KubeError` with reason `Conflict`. */
  readonly resourceVersion?: string
  /** `status` or `scale`. */
  readonly subresource?: string
}

export type DeleteOptions = {
  /** Only this very object, not a later one of the same name. */
  readonly uid?: string
  readonly resourceVersion?: string
  /** `Background` unless said otherwise. */
  readonly propagation?: 'Background' | 'Foreground' | 'Orphan'
  readonly gracePeriodSeconds?: number
}

/** `deleted`: gone, or on its way out while finalizers and grace periods last. */
export type DeleteOutcome = 'deleted' | 'absent' | 'uid-differs'

export type PodLogOptions = {
  readonly container?: string
  readonly follow?: boolean
  readonly previous?: boolean
  readonly timestamps?: boolean
  readonly tailLines?: number
  readonly sinceSeconds?: number
  readonly limitBytes?: number
}

export type StreamName = 'console' | 'vnc' | { readonly portForward: number }

export type ActionMethod = 'GET' | 'PUT' | 'POST' | 'PATCH'

/**
 * One cluster's API server, spoken to with care: every call has a time limit and ends with its signal, is
 * retried only when that is safe, waits for its turn in a budget of requests per second, and throws `KubeError`
 * (the server said no) or `KubeUnavailable` (nobody knows) and nothing else, save the signal's own reason.
 */
export interface KubeClient {
  /**
   * Null when there is no such object. A cluster that does not serve the kind is an error with reason
   * `KindNotServed`, never null: "no such definition" must not read as "no such machine".
   */
  get<T extends KubeObject>(ref: ObjectRef, signal: AbortSignal): Promise<T | null>

  /** All of them, read page by page. */
  list<T extends KubeObject>(
    kind: KindInfo,
    selection: Selection,
    signal: AbortSignal,
  ): Promise<ObjectList<T>>

  /** `KubeError` with reason `AlreadyExists` when the name is taken, also by an attempt of this call that got lost. */
  create<T extends KubeObject>(
    kind: KindInfo,
    manifest: KubeManifest,
    signal: AbortSignal,
    options?: WriteOptions,
  ): Promise<T>

  /** Server-side apply: creates or changes, and owns exactly the fields that the manifest names. */
  apply<T extends KubeObject>(
    kind: KindInfo,
    manifest: KubeManifest,
    signal: AbortSignal,
    options?: ApplyOptions,
  ): Promise<T>

  /** JSON merge patch (RFC 7396): null removes a field, lists are replaced as a whole. */
  mergePatch<T extends KubeObject>(
    ref: ObjectRef,
    patch: object,
    signal: AbortSignal,
    options?: PatchOptions,
  ): Promise<T>

  delete(ref: ObjectRef, signal: AbortSignal, options?: DeleteOptions): Promise<DeleteOutcome>

  /**
   * An action or part of an object: KubeVirt's `start`, `stop`, `guestosinfo`, …; `scale`, `eviction`. Answers the
   * JSON it got, or null. Not retried: an action may have been done.
   */
  subresource(
    ref: ObjectRef,
    name: string,
    method: ActionMethod,
    body: object | null,
    signal: AbortSignal,
  ): Promise<unknown>

  /** Bytes to and from a virtual machine instance. The signal ends the stream, not only its opening. */
  stream(ref: ObjectRef, name: StreamName, signal: AbortSignal): Promise<Duplex>

  /** What a pod's container printed. With `follow` it ends with the container or the signal. */
  podLog(ref: ObjectRef, options: PodLogOptions, signal: AbortSignal): Promise<Readable>

  /**
   * A copy of a part of the cluster that follows it until the signal ends. Reads its own writes: what this client
   * creates, applies, patches or deletes is in it when the call returns.
   */
  watchCache<T extends KubeObject>(
    kind: KindInfo,
    options: WatchCacheOptions<T>,
    onChange: (change: CacheChange<T>) => void,
    signal: AbortSignal,
  ): WatchCache<T>

  /** What was asked of the API server so far. */
  metrics(): KubeMetrics

  /** Ends every watch and stream and closes the connections. */
  close(): Promise<void>
}

export type RequestCount = {
  readonly verb: string
  /** Plural, as in `kinds`. */
  readonly kind: string
  /** HTTP status, or 0 when there was no answer. */
  readonly status: number
  readonly count: number
}

export type KubeMetrics = {
  readonly requests: readonly RequestCount[]
  /** Requests by subject (lease or task) of the object, the latest some thousands of them. */
  readonly bySubject: ReadonlyMap<string, { readonly reads: number; readonly writes: number }>
  readonly retries: number
  readonly watchReconnects: number
  /** How long requests waited for their turn in the budget, in all. */
  readonly waitedMs: number
  readonly openConnections: number
}
