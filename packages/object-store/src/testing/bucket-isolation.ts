import { IAMClient, ListUsersCommand } from '@aws-sdk/client-iam'
import {
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { BucketAccess, BucketRights, ObjectStore } from '@leasehold/application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openS3Client, type S3Address } from '../s3-client.ts'
import {
  adminTrespasses,
  linkTrespasses,
  objectTrespasses,
  type Trespass,
  uploadTrespasses,
} from './trespasses.ts'

export type BucketIsolationOptions = {
  readonly address: () => S3Address & { readonly iamEndpoint: string }
  readonly store: () => ObjectStore
  readonly access: () => BucketAccess
  /** What keys of this store may be asked for. */
  readonly rights: readonly BucketRights[]
}

const own = 'leasehold-matrix-a'
const theirs = 'leasehold-matrix-b'
const key = 'file.txt'
const { signal } = new AbortController()

/** That a key which the store made for one tenant's bucket is good for nothing else. Real stores only. */
export function bucketIsolationContract(name: string, options: BucketIsolationOptions): void {
  describe(`keys of one bucket: ${name}`, () => {
    let platform: S3Client
    let uploadId: string
    const clientOf = async (rights: BucketRights) => {
      const made = await options.access().issue(own, rights, 900, signal)
      const address = { ...options.address(), ...made }
      return { address, client: openS3Client(address) }
    }
    beforeAll(async () => {
      platform = openS3Client(options.address())
      for (const Bucket of [own, theirs]) {
        await options.store().ensureBucket(Bucket, signal)
        await platform.send(new PutObjectCommand({ Bucket, Key: key, Body: `of ${Bucket}` }))
        await platform.send(new PutObjectCommand({ Bucket, Key: 'tasks/t/log', Body: 'log' }))
      }
      const upload = new CreateMultipartUploadCommand({ Bucket: theirs, Key: key })
      uploadId = (await platform.send(upload)).UploadId ?? ''
    })
    afterAll(async () => {
      for (const bucket of [own, theirs]) await options.store().removeBucket(bucket, signal)
      platform.destroy()
    })

    it.each(options.rights)(
      'a key for %s reads and lists its own bucket, and sees no other',
      async (rights) => {
        const { client } = await clientOf(rights)

        const found = await client.send(new GetObjectCommand({ Bucket: own, Key: key }))
        expect(await found.Body?.transformToString()).toBe(`of ${own}`)
        const listed = await client.send(new ListObjectsV2Command({ Bucket: own }))
        expect(listed.Contents?.map((object) => object.Key)).toEqual([key, 'tasks/t/log'])
        const buckets = await client.send(new ListBucketsCommand({})).catch(() => ({ Buckets: [] }))
        expect(buckets.Buckets?.map((bucket) => bucket.Name) ?? []).not.toContain(theirs)
        client.destroy()
      },
    )

    if (options.rights.includes('read-write'))
      it('a key for writing writes and removes in its own bucket, also in parts, and not below tasks/', async () => {
        const { client } = await clientOf('read-write')
        const mine = { Bucket: own, Key: 'mine.txt' }

        await client.send(new PutObjectCommand({ ...mine, Body: 'x' }))
        await client.send(new CreateMultipartUploadCommand(mine))
        await client.send(new DeleteObjectCommand(mine))

        const record = { Bucket: own, Key: 'tasks/t/log' }
        const changes = {
          replaces: () => client.send(new PutObjectCommand({ ...record, Body: 'x' })),
          removes: () => client.send(new DeleteObjectCommand(record)),
          adds: () => client.send(new PutObjectCommand({ ...record, Key: 'tasks/new', Body: 'x' })),
          'begins in parts': () => client.send(new CreateMultipartUploadCommand(record)),
        }
        expect(await allowedOf(changes)).toEqual([])
        client.destroy()
      })

    it('a key for reading changes nothing in its own bucket', async () => {
      const { client } = await clientOf('read')
      const target = { Bucket: own, Key: key }

      const changes = {
        writes: () => client.send(new PutObjectCommand({ ...target, Body: 'x' })),
        removes: () => client.send(new DeleteObjectCommand(target)),
        'begins in parts': () => client.send(new CreateMultipartUploadCommand(target)),
      }

      expect(await allowedOf(changes)).toEqual([])
      client.destroy()
    })

    it.each(options.rights)(
      'a key for %s is refused everything in another bucket and about the store, and nothing changes there',
      async (rights) => {
        const { client, address } = await clientOf(rights)
        await options.access().issue(theirs, 'read', 900, signal)
        const users = await usersOf(options.address())
        const trespass: Trespass = {
          ...{ own, theirs, key, uploadId },
          ownUser: users.find((name) => name.startsWith(own)) ?? 'nobody',
          otherUser: users.find((name) => name.startsWith(theirs)) ?? 'nobody',
        }
        const attempts = {
          ...objectTrespasses(client, trespass),
          ...uploadTrespasses(client, trespass),
          ...adminTrespasses(client, address, trespass),
          ...linkTrespasses(client, trespass),
        }

        expect(await allowedOf(attempts)).toEqual([])

        const left = await platform.send(new GetObjectCommand({ Bucket: theirs, Key: key }))
        expect(await left.Body?.transformToString()).toBe(`of ${theirs}`)
        const listed = await platform.send(new ListObjectsV2Command({ Bucket: theirs }))
        expect(listed.Contents?.map((object) => object.Key)).toEqual([key, 'tasks/t/log'])
        const uploads = await platform.send(new ListMultipartUploadsCommand({ Bucket: theirs }))
        expect(uploads.Uploads?.map((upload) => upload.UploadId)).toEqual([uploadId])
        client.destroy()
      },
    )

    it('a key without its session, or with another’s, is nobody', async () => {
      const mine = await options.access().issue(own, 'read', 900, signal)
      const other = await options.access().issue(theirs, 'read', 900, signal)
      const mixed = [
        { ...mine, secretAccessKey: other.secretAccessKey },
        { ...mine, accessKeyId: other.accessKeyId },
        ...(mine.sessionToken === null
          ? []
          : [
              { ...mine, sessionToken: null },
              { ...mine, sessionToken: other.sessionToken },
              { ...mine, sessionToken: `${mine.sessionToken.slice(0, -6)}AAAAAA` },
            ]),
      ]
      const attempts = mixed.map((made, index) => {
        const client = openS3Client({ ...options.address(), ...made })
        const read = () => client.send(new GetObjectCommand({ Bucket: own, Key: key }))
        return [`mix ${index}`, read] as const
      })

      expect(await allowedOf(Object.fromEntries(attempts))).toEqual([])
    })
  })
}

/** None where the store has no IAM. */
async function usersOf(address: S3Address & { iamEndpoint: string }): Promise<readonly string[]> {
  const { iamEndpoint: endpoint, region, accessKeyId, secretAccessKey } = address
  const credentials = { accessKeyId, secretAccessKey }
  const client = new IAMClient({ endpoint, region, credentials, maxAttempts: 1 })
  return await client.send(new ListUsersCommand({})).then(
    ({ Users = [] }) => Users.flatMap(({ UserName }) => UserName ?? []),
    () => [],
  )
}

/** The names of those that were not refused by the store with a 4xx of its own. */
async function allowedOf(
  attempts: Readonly<Record<string, () => Promise<unknown>>>,
): Promise<readonly string[]> {
  const outcomes = await Promise.all(
    Object.entries(attempts).map(async ([name, attempt]) => {
      try {
        await attempt()
        return `${name}: allowed`
      } catch (error) {
        const { $metadata } = error as { $metadata?: { httpStatusCode?: number } }
        const status = $metadata?.httpStatusCode ?? 0
        return status >= 400 && status < 500 ? null : `${name}: ${status} ${String(error)}`
      }
    }),
  )
  return outcomes.filter((outcome) => outcome !== null)
}
