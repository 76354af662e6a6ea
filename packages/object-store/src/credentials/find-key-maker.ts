import type { Log } from '@leasehold/application'
import { openS3Client, type S3Address } from '../s3-client.ts'
import { isSilence, unavailable } from '../s3-errors.ts'
import { findLimitFault, prepareProbeBuckets } from './key-limits.ts'
import type { KeyMaker, KeyMakerAddress } from './key-maker.ts'
import { openSessionKeys } from './session-keys.ts'
import { openUserKeys } from './user-keys.ts'

export type StoreCredentials = 'session' | 'user' | 'none'

/** How a store makes keys of one bucket, and why not otherwise. */
export type FoundKeyMaker = {
  readonly kind: StoreCredentials
  readonly maker: KeyMaker | null
  /** Whether keys can be ended before their time is over. */
  readonly endsAtOnce: boolean
  /** What each way that was tried before said, without secrets. */
  readonly refusals: readonly string[]
}

export type KeyMakerOptions = S3Address & {
  /** Where IAM and STS answer, if not where S3 does. */
  readonly iamEndpoint?: string | null
  /** A role to assume; null where the store needs none. */
  readonly roleArn?: string | null
  readonly log: Log
  readonly now: () => number
}

/**
 * Tries sessions, then users, and takes the first whose limits hold when they are put to the test: a
 * store that hands out keys and does not limit them has none to hand out. Throws `service/unavailable`
 * when the store does not answer, which says nothing about what it can do.
 */
export async function findKeyMaker(
  options: KeyMakerOptions,
  signal: AbortSignal,
): Promise<FoundKeyMaker> {
  const client = openS3Client(options)
  try {
    await prepareProbeBuckets(client, signal)
  } catch (error) {
    throw unavailable(error)
  } finally {
    client.destroy()
  }
  const address: KeyMakerAddress = { ...options, endpoint: options.iamEndpoint ?? options.endpoint }
  const ways = [
    ['session', () => openSessionKeys(address, options.roleArn ?? null)],
    ['user', () => openUserKeys(address, 'full', options.now)],
    ['user', () => openUserKeys(address, 'plain', options.now)],
  ] as const
  const refusals: string[] = []
  for (const [kind, open] of ways) {
    const maker = open()
    const fault = await findLimitFault(options, maker, signal).catch((error: unknown) => {
      if (isSilence(error)) throw unavailable(error)
      return error instanceof Error ? `${error.name}: ${error.message}`.slice(0, 200) : 'unknown'
    })
    if (fault === null)
      return { kind, maker, refusals, endsAtOnce: await endsAtOnce(maker, signal) }
    maker.close()
    refusals.push(`${kind}: ${fault}`)
    options.log.info({ kind, fault }, 'object store: keys of one bucket are not made like this')
  }
  return { kind: 'none', maker: null, refusals, endsAtOnce: true }
}

/** Asked for a bucket that nobody has a key of. */
async function endsAtOnce(maker: KeyMaker, signal: AbortSignal): Promise<boolean> {
  try {
    return await maker.endAll('leasehold-probe-nobody', signal)
  } catch (error) {
    maker.close()
    throw unavailable(error)
  }
}
