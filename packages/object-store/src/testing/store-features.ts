import { CreateAccessKeyCommand, IAMClient } from '@aws-sdk/client-iam'
import {
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BucketKey } from '../credentials/key-maker.ts'
import { endLeftUploads } from '../features/prepare-bucket.ts'
import {
  type FeatureState,
  openBucketAccess,
  openS3ObjectStore,
  probeObjectStore,
  type StoreFeature,
} from '../index.ts'
import { openS3Client, type S3Address } from '../s3-client.ts'

export type StoreFeaturesOptions = {
  readonly address: () => S3Address & { readonly iamEndpoint: string }
  readonly states: Readonly<Record<StoreFeature, FeatureState>>
  readonly credentials: 'session' | 'user'
}

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
const bucket = 'leasehold-features'
const origin = 'https://app.test'

/** That what a store can do is found out, used, and said as it is. Real stores only. */
export function storeFeaturesContract(name: string, options: StoreFeaturesOptions): void {
  const { address, states, credentials } = options
  describe(`what the store can do: ${name}`, () => {
    const open = () => openS3ObjectStore({ ...address(), log, corsOrigins: [origin] })
    beforeAll(() => open().ensureBucket(bucket, signal))
    afterAll(() => open().removeBucket(bucket, signal))

    it('is reported feature by feature, with advice where something is missing', async () => {
      const report = await probeObjectStore({ ...address(), log, now: Date.now }, signal)

      const found = report.findings.map(({ feature, state }) => [feature, state])
      expect(Object.fromEntries(found)).toEqual(states)
      expect(report.credentials).toBe(credentials)
      for (const { state, advice } of report.findings)
        expect(advice === null).toBe(state === 'works')
      expect(JSON.stringify(report)).not.toContain(address().secretAccessKey)
    })

    it(`${states.encryption === 'works' ? 'encrypts' : 'still stores'} what is written through a link or a key, too`, async () => {
      const client = openS3Client(address())
      const target = { Bucket: bucket, Key: 'written-by-others' }

      await client.send(new PutObjectCommand({ ...target, Body: 'x' }))

      const { ServerSideEncryption: found } = await client.send(new HeadObjectCommand(target))
      expect(found).toBe(states.encryption === 'works' ? 'AES256' : undefined)
      client.destroy()
    })

    if (states.cors === 'works')
      it('lets the pages use its buckets that may, and no others', async () => {
        const ask = async (from: string) => {
          const headers = { origin: from, 'access-control-request-method': 'PUT' }
          const url = `${address().endpoint}/${bucket}/x`
          const answer = await fetch(url, { method: 'OPTIONS', headers })
          return answer.headers.get('access-control-allow-origin')
        }

        expect(await ask(origin)).toBe(origin)
        expect(await ask('https://other.test')).toBeNull()
      })

    if (states.quota === 'works')
      it('refuses what does not fit into a bucket, and says so', async () => {
        const store = openS3ObjectStore({ ...address(), log, bucketBytes: 1_000 })
        const full = 'leasehold-features-full'
        await store.ensureBucket(full, signal)
        async function* body() {
          yield Buffer.alloc(2_000)
        }
        const facts = { sizeBytes: 2_000, contentType: 'text/plain', sha256: null }
        const storing = () => store.put(full, 'large', body(), facts, signal)
        const refused = { code: 'quota/exceeded' }

        // The installation's own limit, then the tenant's, a change of it, and none.
        expect(await store.limitBucket(full, null, signal)).toBe('limited')
        await expect(storing()).rejects.toMatchObject(refused)
        await store.limitBucket(full, 10_000, signal)
        expect(await storing()).toMatchObject({ sizeBytes: 2_000 })
        await store.limitBucket(full, 0, signal)
        await expect(storing()).rejects.toMatchObject(refused)
        const free = openS3ObjectStore({ ...address(), log })
        await free.limitBucket(full, null, signal)
        expect(await storing()).toMatchObject({ sizeBytes: 2_000 })
        free.close()
        await store.removeBucket(full, signal)
        store.close()
      })

    if (states.quota !== 'works')
      it('says that it limits no bucket, and stores as before', async () => {
        expect(await open().limitBucket(bucket, 1, signal)).toBe('cannot')
      })

    it('ends uploads that were left, and only those', async () => {
      const client = openS3Client(address())
      const begun = new CreateMultipartUploadCommand({ Bucket: bucket, Key: 'left' })
      const { UploadId } = await client.send(begun)
      const list = new ListMultipartUploadsCommand({ Bucket: bucket })

      const before = await endLeftUploads(client, bucket, Date.now() - 3_600_000, signal)
      const between = await client.send(list)
      const after = await endLeftUploads(client, bucket, Date.now() + 3_600_000, signal)

      expect([before, after]).toEqual([0, 1])
      expect(between.Uploads?.map((upload) => upload.UploadId)).toEqual([UploadId])
      expect((await client.send(list)).Uploads ?? []).toEqual([])
      client.destroy()
    })

    it('ends all keys of a bucket at once, those of no other, and makes new ones after that', async () => {
      const access = openBucketAccess({ ...address(), log, now: Date.now })
      const other = 'leasehold-features-other'
      await open().ensureBucket(other, signal)
      const gone = await access.issue(bucket, 'read', 3_600, signal)
      const stays = await access.issue(other, 'read', 3_600, signal)

      expect(await access.endAll(bucket, signal)).toBe('ended')

      await expect.poll(() => lists(gone, bucket), { timeout: 30_000 }).not.toBe('yes')
      expect(await lists(stays, other)).toBe('yes')
      const next = await access.issue(bucket, 'read', 900, signal)
      expect(await lists(next, bucket)).toBe('yes')
      for (const each of [bucket, other]) await access.endAll(each, signal)
      await open().removeBucket(other, signal)
      access.close()
    })

    const lists = async (key: BucketKey, Bucket: string) => {
      const client = openS3Client({ ...address(), ...key })
      return await client.send(new ListObjectsV2Command({ Bucket })).then(
        () => 'yes',
        (error: Error) => error.name,
      )
    }

    if (credentials === 'user')
      it('ends a key when its time is over, and no other', async () => {
        let now = Date.now()
        const access = openBucketAccess({ ...address(), log, now: () => now })
        const short = await access.issue(bucket, 'read', 900, signal)
        const long = await access.issue(bucket, 'read', 3_600, signal)
        const reads = async (key: BucketKey) => {
          const client = openS3Client({ ...address(), ...key })
          const target = { Bucket: bucket, Key: 'written-by-others' }
          return await client.send(new GetObjectCommand(target)).then(
            () => 'yes',
            (error: Error) => error.name,
          )
        }

        const more = await keyMadeWith(short, address())

        now += 901_000
        const ended = await access.endExpired(signal)

        expect(ended).toBeGreaterThanOrEqual(1)
        await expect.poll(() => reads(short), { timeout: 30_000 }).not.toBe('yes')
        if (more !== null) await expect.poll(() => reads(more), { timeout: 30_000 }).not.toBe('yes')
        expect(await reads(long)).toBe('yes')
        now += 3_600_000
        await access.endExpired(signal)
        await expect.poll(() => reads(long), { timeout: 30_000 }).not.toBe('yes')
        access.close()
      })

    if (credentials === 'user')
      it('makes no more keys than it can hold', async () => {
        let now = Date.now()
        const access = openBucketAccess({ ...address(), log, now: () => now })
        const issue = () => access.issue(bucket, 'read', 900, signal)

        for (let count = 0; count < 16; count += 1) await issue()

        await expect(issue()).rejects.toMatchObject({ code: 'bucket/too-many-credentials' })
        now += 901_000
        expect(await access.endExpired(signal)).toBeGreaterThanOrEqual(16)
        access.close()
      })
  })
}

/** Some stores let a user make keys for itself (SeaweedFS): those must end with it. Null elsewhere. */
async function keyMadeWith(
  key: BucketKey,
  { iamEndpoint: endpoint, region }: S3Address & { readonly iamEndpoint: string },
): Promise<BucketKey | null> {
  const { accessKeyId, secretAccessKey } = key
  const credentials = { accessKeyId, secretAccessKey }
  const client = new IAMClient({ endpoint, region, credentials, maxAttempts: 1 })
  const made = await client.send(new CreateAccessKeyCommand({})).catch(() => null)
  const { AccessKeyId, SecretAccessKey } = made?.AccessKey ?? {}
  if (AccessKeyId === undefined || SecretAccessKey === undefined) return null
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: null }
}
