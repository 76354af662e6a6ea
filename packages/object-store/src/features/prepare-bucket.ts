import {
  AbortMultipartUploadCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
  PutBucketEncryptionCommand,
  PutBucketLifecycleConfigurationCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { Log } from '@leasehold/application'
import { prepareProbeBuckets } from '../credentials/key-limits.ts'
import { limited, type S3Address } from '../s3-client.ts'
import { s3ErrorName } from '../s3-errors.ts'
import { corsRules, uploadExpiry } from './bucket-settings.ts'
import {
  type FeatureState,
  probeCors,
  probeEncryption,
  probeUploadExpiry,
} from './feature-probes.ts'

export type PreparingOptions = S3Address & {
  readonly client: S3Client
  readonly log: Log
  /** Web pages that may use the buckets; none without. */
  readonly corsOrigins?: readonly string[]
}

const againMs = 6 * 3_600_000
const leftUploadMs = 24 * 3_600_000

/**
 * Gives a bucket the settings that the store has: encryption of everything written into it, the end of
 * unfinished uploads, and which web pages may use it. What a store has is tried once, because some take
 * a setting and do nothing, and one takes it and then fails every write (SeaweedFS without a key).
 * Each bucket is prepared once by each process, and again after six hours; a failure costs a warning.
 */
export function makePrepareBucket(options: PreparingOptions) {
  const { client, log } = options
  const prepared = new Map<string, number>()
  let features: Promise<Features> | null = null
  const find = (): Promise<Features> => {
    features ??= findFeatures(client, AbortSignal.timeout(30_000)).catch((error: unknown) => {
      features = null
      throw error
    })
    return features
  }
  return async (bucket: string, signal: AbortSignal): Promise<void> => {
    const last = prepared.get(bucket)
    if (last !== undefined && performance.now() - last < againMs) return
    // Before the work, so that many who ask at once do not all do it.
    prepared.set(bucket, performance.now())
    try {
      await prepare(options, bucket, await find(), signal)
    } catch (error) {
      prepared.delete(bucket)
      log.warn({ bucket, reason: s3ErrorName(error) }, 'bucket without all its settings for now')
    }
  }
}

type Features = Readonly<Record<'encryption' | 'uploadExpiry' | 'cors', FeatureState>>

async function findFeatures(client: S3Client, signal: AbortSignal): Promise<Features> {
  await prepareProbeBuckets(client, signal)
  return {
    encryption: await probeEncryption(client, signal),
    uploadExpiry: await probeUploadExpiry(client, signal),
    cors: await probeCors(client, signal),
  }
}

async function prepare(
  options: PreparingOptions,
  Bucket: string,
  features: Features,
  signal: AbortSignal,
): Promise<void> {
  const { client, corsOrigins = [] } = options
  if (features.encryption === 'works') {
    const rule = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }
    const ServerSideEncryptionConfiguration = { Rules: [rule] }
    await client.send(
      new PutBucketEncryptionCommand({ Bucket, ServerSideEncryptionConfiguration }),
      limited(signal),
    )
  }
  if (features.uploadExpiry === 'works')
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: uploadExpiry }),
      limited(signal),
    )
  else await endLeftUploads(client, Bucket, Date.now() - leftUploadMs, signal)
  if (features.cors === 'works' && corsOrigins.length > 0) {
    const CORSConfiguration = { CORSRules: corsRules(corsOrigins) }
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }), limited(signal))
  }
}

/** Ends uploads in parts that were begun before `beforeMs` (Unix time) and not ended: their parts take room. */
export async function endLeftUploads(
  client: S3Client,
  Bucket: string,
  beforeMs: number,
  signal: AbortSignal,
): Promise<number> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket }),
    limited(signal),
  )
  const left = Uploads.filter(({ Initiated }) => (Initiated?.getTime() ?? Infinity) < beforeMs)
  for (const { Key, UploadId } of left)
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), limited(signal))
  return left.length
}
