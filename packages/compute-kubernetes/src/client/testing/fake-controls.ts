import type { Duplex, Readable } from 'node:stream'
import type { KindInfo } from '../kinds.ts'
import type { KubeClient, StreamName } from '../kube-client.ts'
import type { KubeManifest, KubeObject, ObjectRef } from '../kube-object.ts'

export type FakeVerb =
  | 'get'
  | 'list'
  | 'create'
  | 'apply'
  | 'patch'
  | 'delete'
  | 'subresource'
  | 'stream'
  | 'log'

export type FakeRequest = {
  readonly verb: FakeVerb
  readonly kind: KindInfo
  readonly namespace: string | null
  /** Empty for `list`. */
  readonly name: string
  /** Name of the subresource, or empty. */
  readonly subresource: string
  readonly body: unknown
}

/** A cluster in memory that keeps what a real API server promises, and what a test does to it. */
export type FakeKube = KubeClient & {
  /** Everything that was asked so far, in order. */
  readonly requests: readonly FakeRequest[]
  /** Writes an object as somebody else: controllers, or a person with kubectl. `status` included. */
  put<T extends KubeObject = KubeObject>(kind: KindInfo, manifest: KubeManifest): T
  /** Changes parts of an object as somebody else (merge patch, `status` included). */
  edit(ref: ObjectRef, patch: object): void
  /** Deletes as somebody else; finalizers hold it unless they are overruled. */
  vanish(ref: ObjectRef, how?: { readonly despiteFinalizers?: boolean }): void
  /** What is stored now, without a request. */
  peek<T extends KubeObject>(kind: KindInfo, namespace?: string): readonly T[]
  /** While true nothing answers, and no cache is fresh. */
  unavailable(isUnavailable: boolean): void
  /** While true caches get no news; their own writes are in them all the same. They claim to be fresh. */
  holdWatches(isHeld: boolean): void
  /**
   * Decides over each request before it happens: throw to fail it (`KubeError`, `KubeUnavailable`). What it returns
   * is awaited, so it may delay. Null: no more.
   */
  intercept(decide: ((request: FakeRequest, signal: AbortSignal) => unknown) | null): void
  /** As `intercept`, after it happened: throw, and the caller does not learn that it was done. */
  interceptAfter(decide: ((request: FakeRequest, signal: AbortSignal) => unknown) | null): void
  /** Whether this cluster knows the kind; all are served until told otherwise. */
  serve(kind: KindInfo, isServed: boolean): void
  /** What KubeVirt's actions and other subresources do. Without one they answer null. */
  onSubresource(handle: (request: FakeRequest) => unknown): void
  onStream(open: (ref: ObjectRef, name: StreamName) => Duplex): void
  onPodLog(read: (ref: ObjectRef) => string | Readable): void
}
