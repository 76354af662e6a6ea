import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { limited, type S3Address } from './s3-client.ts'
import { s3ErrorName } from './s3-errors.ts'

export type BucketKey = { readonly accessKeyId: string; readonly secretAccessKey: string }

/** Keys of the store itself that reach one bucket and nothing else. Needs a server with an IAM API. */
export type BucketKeys = {
  /** Makes the bucket's own user if it is missing, and one more key for it. */
  issue(bucket: string, signal: AbortSignal): Promise<BucketKey>
  /** Ends every key of the bucket. Succeeds when there is none. */
  revoke(bucket: string, signal: AbortSignal): Promise<void>
  close(): void
}

const policyName = 'own-bucket'

export function openBucketKeys(address: S3Address): BucketKeys {
  const client = new IAMClient({
    endpoint: address.endpoint,
    region: address.region,
    credentials: { accessKeyId: address.accessKeyId, secretAccessKey: address.secretAccessKey },
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000 },
  })
  return {
    issue: (bucket, signal) => issue(client, bucket, signal),
    revoke: (bucket, signal) => revoke(client, bucket, signal),
    close: () => client.destroy(),
  }
}

async function issue(client: IAMClient, bucket: string, signal: AbortSignal): Promise<BucketKey> {
  const UserName = bucket
  try {
    await client.send(new CreateUserCommand({ UserName }), limited(signal))
  } catch (error) {
    if (!s3ErrorName(error).startsWith('EntityAlreadyExists')) throw error
  }
  // Before the key: a key must never exist without its limits.
  await client.send(
    new PutUserPolicyCommand({
      UserName,
      PolicyName: policyName,
      PolicyDocument: JSON.stringify(bucketPolicy(bucket)),
    }),
    limited(signal),
  )
  const { AccessKey } = await client.send(new CreateAccessKeyCommand({ UserName }), limited(signal))
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {}
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('The object store made a key and did not tell it.')
  return { accessKeyId, secretAccessKey }
}

/** What the user of one bucket may do. */
function bucketPolicy(bucket: string): object {
  const arn = `arn:aws:s3:::${bucket}`
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject'],
        Resource: [`${arn}/*`],
      },
      { Effect: 'Allow', Action: ['s3:ListBucket'], Resource: [arn] },
    ],
  }
}

async function revoke(client: IAMClient, bucket: string, signal: AbortSignal): Promise<void> {
  const UserName = bucket
  try {
    const { AccessKeyMetadata = [] } = await client.send(
      new ListAccessKeysCommand({ UserName }),
      limited(signal),
    )
    for (const { AccessKeyId } of AccessKeyMetadata)
      await client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }), limited(signal))
    const policy = { UserName, PolicyName: policyName }
    await client.send(new DeleteUserPolicyCommand(policy), limited(signal))
    await client.send(new DeleteUserCommand({ UserName }), limited(signal))
  } catch (error) {
    if (!s3ErrorName(error).startsWith('NoSuchEntity')) throw error
  }
}
