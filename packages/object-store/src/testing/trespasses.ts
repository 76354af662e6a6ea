import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import * as s3 from '@aws-sdk/client-s3'
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import type { S3Address } from '../s3-client.ts'

/** What somebody else's bucket holds, and a bucket of one's own to carry things into. */
export type Trespass = {
  readonly own: string
  readonly theirs: string
  readonly key: string
  readonly uploadId: string
  /** Users of the store, where it made some; names that nobody has otherwise. */
  readonly ownUser: string
  readonly otherUser: string
}

type Attempts = Readonly<Record<string, () => Promise<unknown>>>

/** Everything that one tenant may try on another's bucket with an S3 client. Each must be refused. */
export function objectTrespasses(client: s3.S3Client, { own, theirs, key }: Trespass): Attempts {
  const target = { Bucket: theirs, Key: key }
  const stolen = { Bucket: own, Key: 'stolen', CopySource: `${theirs}/${key}` }
  const moved = { Bucket: theirs, Key: 'planted', CopySource: `${own}/${key}` }
  const Delete = { Objects: [{ Key: key }] }
  return {
    'reads an object': () => client.send(new s3.GetObjectCommand(target)),
    'reads its facts': () => client.send(new s3.HeadObjectCommand(target)),
    'writes an object': () =>
      client.send(new s3.PutObjectCommand({ ...target, Key: 'planted', Body: 'x' })),
    'replaces an object': () => client.send(new s3.PutObjectCommand({ ...target, Body: 'x' })),
    'removes an object': () => client.send(new s3.DeleteObjectCommand(target)),
    'removes many objects': () =>
      allRemoved(client.send(new s3.DeleteObjectsCommand({ Bucket: theirs, Delete }))),
    'copies out of it': () => client.send(new s3.CopyObjectCommand(stolen)),
    'copies into it': () => client.send(new s3.CopyObjectCommand(moved)),
    'reads tags': () => client.send(new s3.GetObjectTaggingCommand(target)),
    'lists it': () => client.send(new s3.ListObjectsV2Command({ Bucket: theirs })),
    'lists it as of old': () => client.send(new s3.ListObjectsCommand({ Bucket: theirs })),
    'lists its versions': () => client.send(new s3.ListObjectVersionsCommand({ Bucket: theirs })),
  }
}

/** The same for uploads in parts: with the other's upload id there, and in one's own bucket. */
export function uploadTrespasses(client: s3.S3Client, trespass: Trespass): Attempts {
  const { own, theirs, key, uploadId: UploadId } = trespass
  const target = { Bucket: theirs, Key: key, UploadId }
  const part = { ...target, PartNumber: 1 }
  return {
    'begins an upload': () =>
      client.send(new s3.CreateMultipartUploadCommand({ Bucket: theirs, Key: 'planted' })),
    'adds a part': () => client.send(new s3.UploadPartCommand({ ...part, Body: 'x' })),
    'copies a part out of it': async () => {
      const { UploadId } = await client.send(
        new s3.CreateMultipartUploadCommand({ Bucket: own, Key: 'stolen' }),
      )
      const mine = { Bucket: own, Key: 'stolen', UploadId }
      const copy = { ...mine, PartNumber: 1, CopySource: `${theirs}/${key}` }
      const copied = client.send(new s3.UploadPartCopyCommand(copy))
      return await copied.finally(() => client.send(new s3.AbortMultipartUploadCommand(mine)))
    },
    'lists parts': () => client.send(new s3.ListPartsCommand(target)),
    'lists uploads': () => client.send(new s3.ListMultipartUploadsCommand({ Bucket: theirs })),
    'ends an upload': () =>
      client.send(
        new s3.CompleteMultipartUploadCommand({ ...target, MultipartUpload: { Parts: [] } }),
      ),
    'gives up an upload': () => client.send(new s3.AbortMultipartUploadCommand(target)),
    'adds a part from its own bucket': () =>
      client.send(new s3.UploadPartCommand({ ...part, Bucket: own, Body: 'x' })),
    'lists parts from its own bucket': () =>
      client.send(new s3.ListPartsCommand({ ...target, Bucket: own })),
  }
}

/** What would open the bucket, or the store, for more. */
export function adminTrespasses(
  client: s3.S3Client,
  address: S3Address & { readonly iamEndpoint: string },
  { own, theirs, ownUser, otherUser }: Trespass,
): Attempts {
  const everyone = {
    Statement: [
      { Effect: 'Allow', Principal: '*', Action: ['s3:*'], Resource: [`arn:aws:s3:::${theirs}/*`] },
    ],
  }
  const Policy = JSON.stringify({ Version: '2012-10-17', ...everyone })
  const { accessKeyId, secretAccessKey, sessionToken, region } = address
  const token = sessionToken == null ? {} : { sessionToken }
  const settings = {
    ...{ endpoint: address.iamEndpoint, region, maxAttempts: 1 },
    credentials: { accessKeyId, secretAccessKey, ...token },
  }
  return {
    'opens the other’s bucket': () =>
      client.send(new s3.PutBucketPolicyCommand({ Bucket: theirs, Policy })),
    'opens its own bucket': () =>
      client.send(
        new s3.PutBucketPolicyCommand({ Bucket: own, Policy: Policy.replaceAll(theirs, own) }),
      ),
    'reads the other’s policy': () =>
      client.send(new s3.GetBucketPolicyCommand({ Bucket: theirs })),
    'changes the other’s access list': () =>
      client.send(new s3.PutBucketAclCommand({ Bucket: theirs, ACL: 'public-read-write' })),
    'removes the other’s bucket': () => client.send(new s3.DeleteBucketCommand({ Bucket: theirs })),
    'removes its own bucket': () => client.send(new s3.DeleteBucketCommand({ Bucket: own })),
    'makes a bucket': () => client.send(new s3.CreateBucketCommand({ Bucket: `${own}-more` })),
    'makes a user': () => new IAMClient(settings).send(new CreateUserCommand({ UserName: 'me' })),
    'makes a key of the platform': () =>
      new IAMClient(settings).send(new CreateAccessKeyCommand({ UserName: 'leasehold' })),
    'makes a key of another user': () =>
      new IAMClient(settings).send(new CreateAccessKeyCommand({ UserName: otherUser })),
    'widens its own rights': () =>
      new IAMClient(settings).send(
        new PutUserPolicyCommand({ UserName: ownUser, PolicyName: 'more', PolicyDocument: Policy }),
      ),
    'takes more rights': () =>
      new STSClient(settings).send(
        new AssumeRoleCommand({
          RoleArn: 'arn:aws:iam::000000000000:role/admin',
          RoleSessionName: 'more',
        }),
      ),
  }
}

/** Links that the key signs for the other's bucket, and one of its own that is bent towards it. */
export function linkTrespasses(
  client: s3.S3Client,
  { own, theirs, key, uploadId }: Trespass,
): Attempts {
  const signed = async (command: s3.GetObjectCommand | s3.PutObjectCommand, method: string) =>
    follow(await getSignedUrl(client, command, { expiresIn: 60 }), method)
  const part = new s3.UploadPartCommand({
    ...{ Bucket: theirs, Key: key, UploadId: uploadId, PartNumber: 1 },
  })
  return {
    'signs a link that reads': () =>
      signed(new s3.GetObjectCommand({ Bucket: theirs, Key: key }), 'GET'),
    'signs a link that writes': () =>
      signed(new s3.PutObjectCommand({ Bucket: theirs, Key: 'planted' }), 'PUT'),
    'signs a link that adds a part': async () =>
      follow(await getSignedUrl(client, part, { expiresIn: 60 }), 'PUT'),
    'bends a link of its own': async () => {
      const mine = new s3.GetObjectCommand({ Bucket: own, Key: key })
      const link = await getSignedUrl(client, mine, { expiresIn: 60 })
      return follow(link.replace(`/${own}/`, `/${theirs}/`), 'GET')
    },
  }
}

async function follow(url: string, method: string): Promise<void> {
  const body = method === 'PUT' ? { body: 'x' } : {}
  const answer = await fetch(url, { method, ...body, signal: AbortSignal.timeout(10_000) })
  await answer.arrayBuffer()
  if (!answer.ok)
    throw Object.assign(new Error('refused'), { $metadata: { httpStatusCode: answer.status } })
}

/** A batch is answered with 200 and says inside what was refused. */
async function allRemoved(sending: Promise<s3.DeleteObjectsCommandOutput>): Promise<void> {
  const { Errors = [] } = await sending
  const [first] = Errors
  if (first !== undefined)
    throw Object.assign(new Error(first.Code), { $metadata: { httpStatusCode: 403 } })
}
