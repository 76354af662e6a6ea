import type { BucketAccess, BucketCredentials, Clock } from '@leasehold/application'

export type FakeBucketAccess = BucketAccess & {
  /** Every key that was made, by bucket and rights, until `endExpired` or `endAll` ends it. */
  readonly issued: (BucketCredentials & { readonly bucket: string; readonly rights: string })[]
}

/** A store whose keys are words; it ends none by itself. */
export function fakeBucketAccess(clock: Clock): FakeBucketAccess {
  const issued: FakeBucketAccess['issued'] = []
  let count = 0
  return {
    issued,
    address: { endpoint: 'http://objects.test', region: 'us-east-1' },
    async issue(bucket, rights, lifetimeSeconds, signal) {
      signal.throwIfAborted()
      count += 1
      const key = { accessKeyId: `key-${count}`, secretAccessKey: `secret-${count}` }
      const expiresAt = clock.now() + lifetimeSeconds * 1_000
      const made = { ...key, sessionToken: null, expiresAt }
      issued.push({ ...made, bucket, rights })
      return made
    },
    async endExpired() {
      const live = issued.filter(({ expiresAt }) => expiresAt > clock.now())
      const ended = issued.length - live.length
      issued.splice(0, issued.length, ...live)
      return ended
    },
    async endAll(bucket) {
      issued.splice(0, issued.length, ...issued.filter((key) => key.bucket !== bucket))
      return 'ended'
    },
  }
}
