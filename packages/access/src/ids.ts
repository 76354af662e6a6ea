import { createHash, randomBytes } from 'node:crypto'
import type { Ids } from '@leasehold/application'
import type {
  ApiKeyId,
  LeaseId,
  ServiceAccountId,
  SshKeyId,
  TaskId,
  TenantId,
} from '@leasehold/domain'

/** Crockford's base 32, lower case: no i, l, o, u, and sorts like the numbers it stands for. */
const digits = '0123456789abcdefghjkmnpqrstvwxyz'
const timeDigits = 10
const tailDigits = 16

/**
 * Ids `<prefix>_` + 26 digits: 48 bits of milliseconds, then 80 random bits that only count up within
 * one millisecond, so ids of one process sort in the order they were made. Seeded ids are the first
 * 130 bits of a SHA-256 and sort by nothing.
 */
export function makeIds(
  now: () => number = Date.now,
  random: (size: number) => Uint8Array = randomBytes,
): Ids {
  const timeSorted = makeTimeSorted(now, random)
  const make = (prefix: string, seed: string | undefined) =>
    `${prefix}_${seed === undefined ? timeSorted() : seeded(prefix, seed)}`
  return {
    leaseId: (seed) => make('lse', seed) as LeaseId,
    taskId: (seed) => make('tsk', seed) as TaskId,
    sshKeyId: (seed) => make('key', seed) as SshKeyId,
    tenantId: () => make('ten', undefined) as TenantId,
    serviceAccountId: (seed) => make('svc', seed) as ServiceAccountId,
    apiKeyId: () => make('apk', undefined) as ApiKeyId,
    secret: () => Buffer.from(random(32)).toString('base64url'),
    sha256: (text) => unpaddedSha256(Buffer.from(text, 'utf8')),
    sha256OfBase64: (base64) => unpaddedSha256(Buffer.from(base64, 'base64')),
  }
}

function makeTimeSorted(now: () => number, random: (size: number) => Uint8Array): () => string {
  let lastMs = -1
  let tail = 0n
  return () => {
    const nowMs = now()
    if (nowMs > lastMs) {
      lastMs = nowMs
      // The top bit stays free so that counting up within the millisecond cannot overflow.
      tail = toNumber(random(10)) >> 1n
    } else {
      tail += 1n
    }
    return toDigits(BigInt(lastMs), timeDigits) + toDigits(tail, tailDigits)
  }
}

function seeded(prefix: string, seed: string): string {
  const digest = createHash('sha256').update(`${prefix}\0${seed}`, 'utf8').digest()
  return toDigits(toNumber(digest) >> 126n, timeDigits + tailDigits)
}

function toNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`)
}

function toDigits(value: bigint, length: number): string {
  let rest = value
  let text = ''
  for (let index = 0; index < length; index++) {
    text = (digits[Number(rest & 31n)] ?? '') + text
    rest >>= 5n
  }
  return text
}

function unpaddedSha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')
}
