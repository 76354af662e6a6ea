import type { BucketRights } from '@leasehold/application'

export type BucketKey = {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | null
}

/** A key, and how to end it before its time where the store can. */
export type MadeKey = { readonly key: BucketKey; end(signal: AbortSignal): Promise<void> }

/** One way in which a store makes keys that reach one bucket. */
export type KeyMaker = {
  readonly rights: readonly BucketRights[]
  make(
    bucket: string,
    rights: BucketRights,
    lifetimeSeconds: number,
    signal: AbortSignal,
  ): Promise<MadeKey>
  /** Ends keys whose time is over; how many there were. */
  endExpired(signal: AbortSignal): Promise<number>
  /** Ends every key of the bucket now. False where the store cannot: then each lives until its time is over. */
  endAll(bucket: string, signal: AbortSignal): Promise<boolean>
  close(): void
}

/** Where the store's IAM and STS are, and with which key they are asked. */
export type KeyMakerAddress = {
  readonly endpoint: string
  readonly region: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

/** What clients of IAM and STS have in common: few attempts, short waits. */
export function clientSettings(address: KeyMakerAddress) {
  const { endpoint, region, accessKeyId, secretAccessKey } = address
  return {
    ...{ endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 3 },
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  }
}
