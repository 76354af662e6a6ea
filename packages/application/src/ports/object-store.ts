/** An object in a tenant's bucket. */
export type StoredObject = {
  readonly path: string
  readonly sizeBytes: number
  /** Lower-case hex of the content, where the platform wrote it; null for objects written by other clients. */
  readonly sha256: string | null
  readonly modifiedAt: number
}

/**
 * One bucket per tenant. Paths have been checked by `parseObjectPath`; the bucket name comes from
 * `bucketName(tenant)`. Bodies are streams in both directions: nothing is held in memory as a whole.
 */
export interface ObjectStore {
  ensureBucket(bucket: string, signal: AbortSignal): Promise<void>
  /**
   * Sets how many bytes the bucket may hold; null: what the installation says. `cannot`: the store has no such limit.
   * Nothing that is there is removed.
   */
  limitBucket(
    bucket: string,
    bytes: number | null,
    signal: AbortSignal,
  ): Promise<'limited' | 'cannot'>
  /** Removes the bucket and everything in it. */
  removeBucket(bucket: string, signal: AbortSignal): Promise<void>

  /**
   * Stores a stream of exactly `sizeBytes`. With `sha256` (hex) given, content that differs is refused
   * with `file/checksum-mismatch` and leaves no object. Returns what was stored, its SHA-256 computed.
   */
  put(
    bucket: string,
    path: string,
    body: AsyncIterable<Uint8Array>,
    facts: {
      readonly sizeBytes: number
      readonly contentType: string
      readonly sha256: string | null
    },
    signal: AbortSignal,
  ): Promise<StoredObject>

  /** Null when there is no such object. */
  get(
    bucket: string,
    path: string,
    signal: AbortSignal,
  ): Promise<{ readonly object: StoredObject; readonly body: AsyncIterable<Uint8Array> } | null>

  head(bucket: string, path: string, signal: AbortSignal): Promise<StoredObject | null>

  /**
   * Every object once, in the order of the store (some sort whole folders). `after` is the last path of
   * the page before. SHA-256 is null in lists.
   */
  list(
    bucket: string,
    prefix: string,
    after: string | null,
    limit: number,
    signal: AbortSignal,
  ): Promise<{ readonly objects: readonly StoredObject[]; readonly more: boolean }>

  /** `false` when there was none. */
  remove(bucket: string, path: string, signal: AbortSignal): Promise<boolean>

  /** A link that reads exactly this object, for `expiresInSeconds` (at most 900). */
  presignGet(bucket: string, path: string, expiresInSeconds: number): Promise<string>

  /** Throws `service/unavailable` when the store does not answer. */
  check(signal: AbortSignal): Promise<void>
}
