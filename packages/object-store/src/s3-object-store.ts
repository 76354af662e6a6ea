import { Readable } from 'node:stream'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { Log, ObjectStore, StoredObject } from '@leasehold/application'
import { setBucketQuota } from './features/bucket-quota.ts'
import { makePrepareBucket } from './features/prepare-bucket.ts'
import { bodyOf } from './reading.ts'
import { removeBucket, removeObject } from './removing.ts'
import { limited, openS3Client, type S3Address } from './s3-client.ts'
import { isMissing, s3ErrorName, translated } from './s3-errors.ts'
import { storedObject, writeObject } from './writing.ts'

export type S3ObjectStoreOptions = S3Address & {
  readonly log: Log
  /** Larger objects are sent in parts; S3 takes no more than 5 GiB in one request. */
  readonly singlePutBytes?: number
  /** Where renters reach the store, if not where we do: links name it. */
  readonly publicEndpoint?: string | null
  /** Web pages that may use the buckets. */
  readonly corsOrigins?: readonly string[]
  /** How much a bucket may hold whose tenant has no limit, where the store can limit it (MinIO); null: as much as there is room. */
  readonly bucketBytes?: number | null
}

const fiveGibibytes = 5 * 1_073_741_824
const longestLinkSeconds = 900
/** MinIO's word for none, so that a limit of nothing has to be a byte. */
const noLimit = 0
const leastLimit = 1

/**
 * The object store on any server that speaks S3. Opens no connection by itself. Every call ends within
 * its time limit or when its signal aborts; a server that does not answer is `service/unavailable`.
 */
export function openS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore & { close(): void } {
  const { log, singlePutBytes = fiveGibibytes } = options
  const client = openS3Client(options)
  const s3 = { client, log, singlePutBytes }
  const links = openS3Client({ ...options, endpoint: options.publicEndpoint ?? options.endpoint })
  const prepareBucket = makePrepareBucket({ ...options, client })
  return {
    ensureBucket: (bucket, signal) =>
      translated(s3, 'ensure-bucket', signal, () =>
        ensureBucket(client, bucket, signal).then(() => prepareBucket(bucket, signal)),
      ),
    limitBucket: (bucket, bytes, signal) =>
      translated(s3, 'limit-bucket', signal, async () => {
        const most = bytes === null ? (options.bucketBytes ?? noLimit) : Math.max(leastLimit, bytes)
        const state = await setBucketQuota(options, bucket, most, signal)
        return state === 'works' ? 'limited' : 'cannot'
      }),
    removeBucket: (bucket, signal) =>
      translated(s3, 'remove-bucket', signal, () => removeBucket(client, bucket, signal)),
    put: (bucket, path, body, facts, signal) => writeObject(s3, bucket, path, body, facts, signal),
    get: (bucket, path, signal) =>
      translated(s3, 'get', signal, () => readObject(client, bucket, path, signal)),
    head: (bucket, path, signal) =>
      translated(s3, 'head', signal, () => headObject(client, bucket, path, signal)),
    list: (bucket, prefix, after, limit, signal) =>
      translated(s3, 'list', signal, () => list(client, bucket, prefix, after, limit, signal)),
    remove: (bucket, path, signal) =>
      translated(s3, 'remove', signal, () => removeObject(client, bucket, path, signal)),
    presignGet: (bucket, path, expiresInSeconds) =>
      presignGet(links, bucket, path, expiresInSeconds),
    check: (signal) => translated(s3, 'check', signal, () => check(client, signal)),
    close: () => {
      client.destroy()
      links.destroy()
    },
  }
}

async function ensureBucket(client: S3Client, bucket: string, signal: AbortSignal): Promise<void> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }), limited(signal))
    return
  } catch (error) {
    if (!isMissing(error)) throw error
  }
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }), limited(signal))
  } catch (error) {
    // Somebody else was first: that is what we wanted.
    if (s3ErrorName(error) !== 'BucketAlreadyOwnedByYou') throw error
  }
}

async function readObject(client: S3Client, bucket: string, path: string, signal: AbortSignal) {
  try {
    const answer = await client.send(
      new GetObjectCommand({ Bucket: bucket, Key: path }),
      limited(signal),
    )
    const body = answer.Body instanceof Readable ? answer.Body : Readable.from([])
    return {
      object: storedObject(path, answer),
      body: bodyOf(body, answer.ContentLength ?? 0, signal),
    }
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function headObject(
  client: S3Client,
  bucket: string,
  path: string,
  signal: AbortSignal,
): Promise<StoredObject | null> {
  try {
    const command = new HeadObjectCommand({ Bucket: bucket, Key: path })
    return storedObject(path, await client.send(command, limited(signal)))
  } catch (error) {
    if (isMissing(error)) return null
    throw error
  }
}

async function list(
  client: S3Client,
  bucket: string,
  prefix: string,
  after: string | null,
  limit: number,
  signal: AbortSignal,
): Promise<{ objects: readonly StoredObject[]; more: boolean }> {
  try {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        MaxKeys: limit,
        ...(after === null ? {} : { StartAfter: after }),
      }),
      limited(signal),
    )
    const objects = (page.Contents ?? []).map((entry) => ({
      path: entry.Key ?? '',
      sizeBytes: entry.Size ?? 0,
      sha256: null,
      modifiedAt: entry.LastModified?.getTime() ?? 0,
    }))
    return { objects, more: page.IsTruncated === true }
  } catch (error) {
    if (isMissing(error)) return { objects: [], more: false }
    throw error
  }
}

/** A link is a bearer credential: short, and for a download, never for showing in the store's origin. */
async function presignGet(
  client: S3Client,
  bucket: string,
  path: string,
  expiresInSeconds: number,
): Promise<string> {
  if (!(expiresInSeconds >= 1 && expiresInSeconds <= longestLinkSeconds))
    throw new RangeError(`A link lives 1 … ${longestLinkSeconds} seconds, not ${expiresInSeconds}.`)
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: path,
    ResponseContentDisposition: 'attachment',
  })
  return getSignedUrl(client, command, { expiresIn: Math.floor(expiresInSeconds) })
}

async function check(client: S3Client, signal: AbortSignal): Promise<void> {
  try {
    await client.send(new ListBucketsCommand({ MaxBuckets: 1 }), limited(signal, 3_000))
  } catch (error) {
    // A key that is known but may not list buckets has been told so by a server that works.
    if (s3ErrorName(error) !== 'AccessDenied') throw error
  }
}
