import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import type { Environment } from '../support/start-app.ts'

export type KeyPair = {
  /** What apps are given. */
  readonly settings: Environment
  /** The store forgets it. */
  remove(): Promise<void>
}

/** A key pair with the rights of the platform, made as docs/operate/rotating-secrets.md says: a user of the store that may do everything in it. */
export async function makeKeyPair(store: Environment, UserName: string): Promise<KeyPair> {
  const iam = new IAMClient({
    endpoint: store.S3_ENDPOINT ?? '',
    region: store.S3_REGION ?? '',
    credentials: {
      accessKeyId: store.S3_ACCESS_KEY_ID ?? '',
      secretAccessKey: store.S3_SECRET_ACCESS_KEY ?? '',
    },
  })
  const policy = { UserName, PolicyName: 'platform' }
  const Statement = [{ Effect: 'Allow', Action: ['s3:*'], Resource: ['arn:aws:s3:::*'] }]
  await iam.send(new CreateUserCommand({ UserName }))
  await iam.send(
    new PutUserPolicyCommand({
      ...policy,
      PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
    }),
  )
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {}
  return {
    settings: { S3_ACCESS_KEY_ID: AccessKeyId, S3_SECRET_ACCESS_KEY: SecretAccessKey },
    async remove() {
      await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }))
      await iam.send(new DeleteUserPolicyCommand(policy))
      await iam.send(new DeleteUserCommand({ UserName }))
      iam.destroy()
    },
  }
}
