import { randomInt } from 'node:crypto'
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeleteUserCommand,
  DeleteUserPolicyCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListUsersCommand,
  PutUserPolicyCommand,
} from '@aws-sdk/client-iam'
import { DomainError } from '@leasehold/domain'
import { limited } from '../s3-client.ts'
import { s3ErrorName } from '../s3-errors.ts'
import { bucketPolicy, type PolicyLanguage, rightsIn } from './bucket-policy.ts'
import { type BucketKey, clientSettings, type KeyMaker, type KeyMakerAddress } from './key-maker.ts'
import { readUserName, userName } from './user-names.ts'

const policyName = 'one-bucket'
/** A store keeps every user in memory; what one tenant can make there is bounded. */
const mostPerBucket = 16
const mostPages = 100

/**
 * One user of the store for each key, with a policy of its own. Nothing in the store ends it: its name
 * says when it is over, and `endExpired` must be called again and again.
 */
export function openUserKeys(
  address: KeyMakerAddress,
  language: PolicyLanguage,
  nowMs: () => number,
): KeyMaker {
  const client = new IAMClient(clientSettings(address))
  const nowSeconds = () => Math.floor(nowMs() / 1_000)
  return {
    rights: rightsIn[language],
    async make(bucket, rights, lifetimeSeconds, signal) {
      const users = await listUsers(client, signal)
      const live = users.filter((name) => isLiveFor(name, bucket, nowSeconds()))
      if (live.length >= mostPerBucket) throw tooMany()
      const name = userName(bucket, nowSeconds() + lifetimeSeconds, unique())
      try {
        const key = await makeUser(client, name, bucketPolicy(bucket, rights, language), signal)
        return { key, end: (ending) => removeUser(client, name, ending) }
      } catch (error) {
        // Half a user is ended with the expired ones if this fails, too.
        await removeUser(client, name, AbortSignal.timeout(10_000)).catch(() => {})
        throw error
      }
    },
    async endExpired(signal) {
      let ended = 0
      for (const name of await listUsers(client, signal)) {
        const user = readUserName(name)
        if (user === null || user.expiresAtSeconds > nowSeconds()) continue
        await removeUser(client, name, signal)
        ended += 1
      }
      return ended
    },
    async endAll(bucket, signal) {
      for (const name of await listUsers(client, signal))
        if (readUserName(name)?.bucket === bucket) await removeUser(client, name, signal)
      return true
    },
    close: () => client.destroy(),
  }
}

async function makeUser(
  client: IAMClient,
  UserName: string,
  PolicyDocument: string,
  signal: AbortSignal,
): Promise<BucketKey> {
  await client.send(new CreateUserCommand({ UserName }), limited(signal))
  // Before the key: a key must never exist without its limits.
  await client.send(
    new PutUserPolicyCommand({ UserName, PolicyName: policyName, PolicyDocument }),
    limited(signal),
  )
  const { AccessKey } = await client.send(new CreateAccessKeyCommand({ UserName }), limited(signal))
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey } = AccessKey ?? {}
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new Error('The object store made a key and did not tell it.')
  return { accessKeyId, secretAccessKey, sessionToken: null }
}

/** Keys first: with them gone, what is left of the user can do nothing. */
async function removeUser(client: IAMClient, UserName: string, signal: AbortSignal): Promise<void> {
  try {
    const { AccessKeyMetadata = [] } = await client.send(
      new ListAccessKeysCommand({ UserName }),
      limited(signal),
    )
    for (const { AccessKeyId } of AccessKeyMetadata)
      await client.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId }), limited(signal))
    const policy = new DeleteUserPolicyCommand({ UserName, PolicyName: policyName })
    await client.send(policy, limited(signal)).catch(ignoreMissing)
    await client.send(new DeleteUserCommand({ UserName }), limited(signal))
  } catch (error) {
    ignoreMissing(error)
  }
}

function ignoreMissing(error: unknown): void {
  // Somebody else, perhaps another replica, was first.
  if (!s3ErrorName(error).startsWith('NoSuchEntity')) throw error
}

async function listUsers(client: IAMClient, signal: AbortSignal): Promise<readonly string[]> {
  const names: string[] = []
  let Marker: string | undefined
  for (let page = 0; page < mostPages; page += 1) {
    const command = new ListUsersCommand(Marker === undefined ? {} : { Marker })
    const answer = await client.send(command, limited(signal))
    for (const { UserName } of answer.Users ?? []) if (UserName !== undefined) names.push(UserName)
    if (answer.IsTruncated !== true || answer.Marker === undefined) break
    Marker = answer.Marker
  }
  return names
}

function isLiveFor(name: string, bucket: string, nowSeconds: number): boolean {
  const user = readUserName(name)
  return user !== null && user.bucket === bucket && user.expiresAtSeconds > nowSeconds
}

function unique(): string {
  return Array.from({ length: 6 }, () => randomInt(36).toString(36)).join('')
}

function tooMany(): DomainError {
  return new DomainError(
    'bucket/too-many-credentials',
    `Your bucket has ${mostPerBucket} credentials that have not ended yet. Use one of them, or ask again when one has ended.`,
    { limit: mostPerBucket },
  )
}
