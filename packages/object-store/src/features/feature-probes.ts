import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  GetBucketCorsCommand,
  GetBucketLifecycleConfigurationCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketCorsCommand,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { probeBuckets } from '../credentials/key-limits.ts'
import { limited } from '../s3-client.ts'
import { isSilence, s3ErrorName } from '../s3-errors.ts'
import { corsRules, uploadExpiry } from './bucket-settings.ts'

/** `ignored`: the store says yes and does not do it, which is worse than a no. */
export type FeatureState = 'works' | 'missing' | 'ignored'
export type Probe = (client: S3Client, signal: AbortSignal) => Promise<FeatureState>

// Several processes probe at the same time: settings of the bucket stay, and objects are each one's own.
const [Bucket] = probeBuckets
/** SHA-256 of nothing, as S3 writes it; the probe sends something. */
const wrongSha256 = '47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='

/** SSE-S3: whether an object that was to be encrypted says that it is. */
export const probeEncryption: Probe = async (client, signal) => {
  const target = { Bucket, Key: `probe-encrypted-${randomUUID()}` }
  const encrypted = { ...target, Body: 'p', ServerSideEncryption: 'AES256' as const }
  return await unlessRefused(async () => {
    await client.send(new PutObjectCommand(encrypted), once(signal))
    const { ServerSideEncryption } = await client.send(new HeadObjectCommand(target), once(signal))
    await client.send(new DeleteObjectCommand(target), once(signal))
    return ServerSideEncryption === 'AES256' ? 'works' : 'ignored'
  })
}

/** Whether the store ends uploads that were begun and left, by a rule of the bucket. */
export const probeUploadExpiry: Probe = (client, signal) =>
  unlessRefused(async () => {
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: uploadExpiry }),
      once(signal),
    )
    const kept = await client.send(
      new GetBucketLifecycleConfigurationCommand({ Bucket }),
      once(signal),
    )
    const days = kept.Rules?.[0]?.AbortIncompleteMultipartUpload?.DaysAfterInitiation
    return days === 1 ? 'works' : 'ignored'
  })

/** Whether a bucket can say which web pages may use it. */
export const probeCors: Probe = (client, signal) =>
  unlessRefused(async () => {
    const CORSConfiguration = { CORSRules: corsRules(['https://probe.test']) }
    await client.send(new PutBucketCorsCommand({ Bucket, CORSConfiguration }), once(signal))
    const kept = await client.send(new GetBucketCorsCommand({ Bucket }), once(signal))
    return kept.CORSRules?.[0]?.AllowedOrigins?.[0] === 'https://probe.test' ? 'works' : 'ignored'
  })

/** Whether content that differs from its announced checksum is refused. */
export const probeChecksums: Probe = async (client, signal) => {
  const wrong = { Bucket, Key: 'probe-checksum', Body: 'p', ChecksumSHA256: wrongSha256 }
  try {
    await client.send(new PutObjectCommand(wrong), once(signal))
    return 'ignored'
  } catch (error) {
    if (isSilence(error)) throw error
    return 'works'
  }
}

/** Whether uploads that were left can be found, so that they can be ended from outside. */
export const probeUploadLists: Probe = (client, signal) =>
  unlessRefused(async () => {
    const { Uploads = [] } = await client.send(
      new ListMultipartUploadsCommand({ Bucket }),
      once(signal),
    )
    for (const { Key, UploadId } of Uploads)
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }), once(signal))
    return 'works'
  })

/** An answer that is a refusal of any kind, also the 500 of a store that has not what it needs. */
async function unlessRefused(work: () => Promise<FeatureState>): Promise<FeatureState> {
  try {
    return await work()
  } catch (error) {
    if (isSilence(error) || s3ErrorName(error) === 'SlowDown') throw error
    return 'missing'
  }
}

const once = (signal: AbortSignal) => limited(signal, 10_000)
