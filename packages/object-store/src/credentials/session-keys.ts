import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts'
import { askMinioAdmin } from '../minio-admin.ts'
import { limited } from '../s3-client.ts'
import { bucketPolicy, rightsIn } from './bucket-policy.ts'
import { clientSettings, type KeyMaker, type KeyMakerAddress } from './key-maker.ts'

/** Stores that know no roles (MinIO) ask for one and do not look at it. */
const anyRole = 'arn:aws:iam::000000000000:role/leasehold-renter'

/**
 * Sessions of the platform's own key, narrowed by a policy. The store ends them by itself. MinIO ends them earlier when
 * it is asked to, by a word that each was made with; other stores do not look at it.
 *
 * @param roleArn the role to assume where the store has roles; it must reach all tenants' buckets
 */
export function openSessionKeys(address: KeyMakerAddress, roleArn: string | null): KeyMaker {
  const client = new STSClient(clientSettings(address))
  addRevocationWord(client)
  return {
    rights: rightsIn.full,
    async make(bucket, rights, lifetimeSeconds, signal) {
      const command = new AssumeRoleCommand({
        RoleArn: roleArn ?? anyRole,
        RoleSessionName: sessionName(bucket),
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
    endAll: (bucket, signal) => revoke(address, bucket, signal),
    close: () => client.destroy(),
  }
}

/** MinIO's own parameter of `AssumeRole`, which the client does not know; the name of a session is its bucket's. */
function addRevocationWord(client: STSClient): void {
  client.middlewareStack.add(
    (next) => (args) => {
      const request = args.request as { body?: unknown }
      const body = new URLSearchParams(String(request.body))
      body.set('TokenRevokeType', body.get('RoleSessionName') ?? '')
      request.body = body.toString()
      return next(args)
    },
    // After the request was written, before its length and signature.
    { name: 'revocationWord', step: 'build', priority: 'high' },
  )
}

/** `revoke-tokens` of MinIO's admin API, for sessions of the key that asks. False where the store has no such thing. */
async function revoke(
  address: KeyMakerAddress,
  bucket: string,
  signal: AbortSignal,
): Promise<boolean> {
  const query = { tokenRevokeType: sessionName(bucket) }
  const path = 'revoke-tokens/builtin'
  const { status } = await askMinioAdmin(address, 'POST', path, query, '', signal)
  // Others take the address for an object's, and answer with something else than nothing.
  if (status === 204) return true
  if (status >= 500 && status !== 501) throw new Error(`The object store answered ${status}.`)
  return false
}

/** At most 64 characters (AssumeRole in the STS API reference). */
function sessionName(bucket: string): string {
  return bucket.slice(0, 64)
}
