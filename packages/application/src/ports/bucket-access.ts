import type { Instant } from '@leasehold/domain'

/** Keys of the object store itself, for any S3 client. They reach one bucket, until `expiresAt`. */
export type BucketCredentials = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Sent beside the key where the store made a session; null where it made a user. */
  readonly sessionToken: string | null
  readonly expiresAt: Instant
}

export type BucketRights = 'read' | 'read-write'

/**
 * Hands out keys that are limited by the store, not by us: one bucket, nothing else of the store, and
 * never a write below `tasks/`, which is the record of what ran.
 */
export interface BucketAccess {
  /** Where renters reach the store: the address and region for their S3 client, which must use paths instead of host names. */
  readonly address: { readonly endpoint: string; readonly region: string }

  /**
   * New keys that work by the time they are returned. `bucket/credentials-unavailable` where the store
   * cannot limit keys, `bucket/too-many-credentials` where it keeps only so many.
   */
  issue(
    bucket: string,
    rights: BucketRights,
    lifetimeSeconds: number,
    signal: AbortSignal,
  ): Promise<BucketCredentials>

  /** Ends keys that the store does not end by itself and whose time is over; how many there were. */
  endExpired(signal: AbortSignal): Promise<number>

  /**
   * Ends every key of the bucket that was issued, now. `will-expire`: the store cannot, and each works until its time is
   * over. New ones may be issued afterwards.
   */
  endAll(bucket: string, signal: AbortSignal): Promise<'ended' | 'will-expire'>
}
