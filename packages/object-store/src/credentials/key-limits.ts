import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateBucketCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import { limited, openS3Client, type S3Address } from '../s3-client.ts'
import { s3ErrorName } from '../s3-errors.ts'
import type { BucketKey, KeyMaker } from './key-maker.ts'

/** Two buckets of the platform that every probe works in; no tenant’s bucket is named so. */
export const probeBuckets = ['leasehold-probe', 'leasehold-probe-other'] as const

const worksMs = 10_000
/** The shortest life of a key that every store makes (`DurationSeconds` in the STS API reference). */
export const shortestSeconds = 900

/** Makes the buckets that probes work in, with an object each. */
export async function prepareProbeBuckets(client: S3Client, signal: AbortSignal): Promise<void> {
  for (const Bucket of probeBuckets) {
    await client.send(new CreateBucketCommand({ Bucket }), limited(signal)).catch(ignoreExisting)
    await client.send(new PutObjectCommand({ Bucket, Key: 'probe', Body: 'p' }), limited(signal))
  }
}

/** Waits until the store knows the key everywhere; throws when it does not within ten seconds. */
export async function untilKeyWorks(
  address: S3Address,
  key: BucketKey,
  bucket: string,
  signal: AbortSignal,
): Promise<void> {
  const client = openS3Client({ ...address, ...key })
  const deadline = performance.now() + worksMs
  try {
    for (;;) {
      const found = await attempt(() =>
        client.send(new HeadBucketCommand({ Bucket: bucket }), limited(signal)),
      )
      if (found === 'allowed') return
      if (performance.now() > deadline || signal.aborted)
        throw new Error(`A new key of the bucket does not work: ${found}`)
      await delay(50, undefined, { signal })
    }
  } finally {
    client.destroy()
  }
}

/**
 * What is wrong with the limits of the keys that `maker` makes, tried on the probe buckets; null when the
 * widest key reaches its own bucket, no other, and writes nothing below `tasks/`. Throws when none is made.
 */
export async function findLimitFault(
  address: S3Address,
  maker: KeyMaker,
  signal: AbortSignal,
): Promise<string | null> {
  const [own, other] = probeBuckets
  const writes = maker.rights.includes('read-write')
  const rights = writes ? 'read-write' : 'read'
  const made = await maker.make(own, rights, shortestSeconds, signal)
  const client = openS3Client({ ...address, ...made.key })
  const put = (Bucket: string, Key: string) => () =>
    client.send(new PutObjectCommand({ Bucket, Key, Body: 'p' }), limited(signal))
  const get = (Bucket: string) => () =>
    client.send(new GetObjectCommand({ Bucket, Key: 'probe' }), limited(signal))
  const attempts = [
    ['cannot read its own bucket', 'allowed', get(own)],
    [`is for ${rights}, which it is not`, writes ? 'allowed' : 'refused', put(own, 'probe')],
    ['writes into another bucket', 'refused', put(other, 'probe')],
    ['writes below tasks/', 'refused', put(own, 'tasks/probe')],
    ['reads another bucket', 'refused', get(other)],
    [
      'lists another bucket',
      'refused',
      () => client.send(new ListObjectsV2Command({ Bucket: other }), limited(signal)),
    ],
  ] as const
  try {
    await untilKeyWorks(address, made.key, own, signal)
    for (const [fault, wanted, work] of attempts)
      if ((await attempt(work)) !== wanted) return `a key of one bucket ${fault}`
    return null
  } finally {
    client.destroy()
    await made.end(AbortSignal.timeout(10_000)).catch(() => {})
  }
}

async function attempt(work: () => Promise<unknown>): Promise<'allowed' | 'refused'> {
  try {
    await work()
    return 'allowed'
  } catch (error) {
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    // Unknown so far, or not allowed: both are refusals. Everything else says nothing about limits.
    if (status === 403 || status === 401) return 'refused'
    throw error
  }
}

function ignoreExisting(error: unknown): void {
  if (!s3ErrorName(error).startsWith('BucketAlready')) throw error
}
