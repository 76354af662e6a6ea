import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { limited } from '../s3-client.ts'
import { bucketPolicy, rightsIn } from './bucket-policy.ts'
import { clientSettings, type KeyMaker, type KeyMakerAddress } from './key-maker.ts'

/** Stores that know no roles (MinIO) ask for one and do not look at it. */
const anyRole = 'arn:aws:iam::000000000000:role/leasehold-renter'

/**
 * Sessions of the platform's own key, narrowed by a policy. The store ends them by itself.
 *
 * @param roleArn the role to assume where the store has roles; it must reach all tenants' buckets
 */
export function openSessionKeys(address: KeyMakerAddress, roleArn: string | null): KeyMaker {
  const client = new STSClient(clientSettings(address))
  return {
    rights: rightsIn.full,
    async make(bucket, rights, lifetimeSeconds, signal) {
      const command = new AssumeRoleCommand({
        RoleArn: roleArn ?? anyRole,
        // At most 64 characters (AssumeRole in the STS API reference).
        RoleSessionName: bucket.slice(0, 64),
        DurationSeconds: lifetimeSeconds,
        Policy: bucketPolicy(bucket, rights, 'full'),
      })
      const { Credentials: made } = await client.send(command, limited(signal))
      const { AccessKeyId, SecretAccessKey, SessionToken } = made ?? {}
      if (AccessKeyId === undefined || SecretAccessKey === undefined || SessionToken === undefined)
        throw new Error('The object store made a session and did not tell its key.')
      const key = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey }
      return { key: { ...key, sessionToken: SessionToken }, end: async () => {} }
    },
    endExpired: async () => 0,
    close: () => client.destroy(),
  }
}
