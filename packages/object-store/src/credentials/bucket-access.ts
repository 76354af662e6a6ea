import type { BucketAccess, BucketCredentials, BucketRights } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { unavailable } from '../s3-errors.ts'
import { type FoundKeyMaker, findKeyMaker, type KeyMakerOptions } from './find-key-maker.ts'
import { shortestSeconds, untilKeyWorks } from './key-limits.ts'
import type { KeyMaker } from './key-maker.ts'

export type BucketAccessOptions = KeyMakerOptions & {
  /** Where renters reach the store, if not where we do. */
  readonly publicEndpoint?: string | null
}

/**
 * Keys of one bucket from any store that can limit them. Where nothing ends a key before its time, it lives 15 minutes,
 * whatever was asked: so long may a tenant go on after it was suspended. Opens no connection by itself: how the store
 * makes keys is found out by the first call that needs to know, and remembered.
 */
export function openBucketAccess(options: BucketAccessOptions): BucketAccess & { close(): void } {
  let found: Promise<FoundKeyMaker> | null = null
  const find = (): Promise<FoundKeyMaker> => {
    // Not the caller's signal: others wait for the same answer.
    found ??= findKeyMaker(options, AbortSignal.timeout(60_000)).catch((error: unknown) => {
      found = null
      throw error
    })
    return found
  }
  return {
    address: {
      endpoint: options.publicEndpoint ?? options.endpoint,
      region: options.region,
    },
    async issue(bucket, rights, lifetimeSeconds, signal) {
      const { maker, endsAtOnce } = await orAborted(find(), signal)
      if (maker === null) throw cannot()
      if (!maker.rights.includes(rights)) throw readsOnly()
      const seconds = endsAtOnce ? lifetimeSeconds : Math.min(lifetimeSeconds, shortestSeconds)
      return await answered(signal, () => issue(options, maker, bucket, rights, seconds, signal))
    },
    async endExpired(signal) {
      const { maker } = await orAborted(find(), signal)
      if (maker === null) return 0
      return await answered(signal, () => maker.endExpired(signal))
    },
    async endAll(bucket, signal) {
      const { maker } = await orAborted(find(), signal)
      if (maker === null) return 'ended'
      return (await answered(signal, () => maker.endAll(bucket, signal))) ? 'ended' : 'will-expire'
    },
    close: () => void found?.then(({ maker }) => maker?.close()).catch(() => {}),
  }
}

async function issue(
  options: BucketAccessOptions,
  maker: KeyMaker,
  bucket: string,
  rights: BucketRights,
  lifetimeSeconds: number,
  signal: AbortSignal,
): Promise<BucketCredentials> {
  // The store counts from when it makes the key; counted from before, we never promise too much.
  const expiresAt = options.now() + lifetimeSeconds * 1_000
  const { key, end } = await maker.make(bucket, rights, lifetimeSeconds, signal)
  try {
    await untilKeyWorks(options, key, bucket, signal)
  } catch (error) {
    await end(AbortSignal.timeout(10_000)).catch(() => {})
    throw error
  }
  return { ...key, expiresAt }
}

async function answered<Result>(signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DomainError) throw error
    signal.throwIfAborted()
    throw unavailable(error)
  }
}

function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', abort))
}

function readsOnly(): DomainError {
  return new DomainError(
    'bucket/credentials-unavailable',
    'The object store of this platform makes keys that read, and none that write. Ask for reading, and store files with PUT /v1/files.',
  )
}

function cannot(): DomainError {
  return new DomainError(
    'bucket/credentials-unavailable',
    'The object store of this platform cannot make keys that reach one bucket only. Store files with PUT /v1/files and read them by their links.',
  )
}
