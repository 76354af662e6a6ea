import { createHash } from 'node:crypto'
import type { Ids } from '@leasehold/application'
import type {
  ApiKeyId,
  LeaseId,
  ServiceAccountId,
  SshKeyId,
  TaskId,
  TenantId,
} from '@leasehold/domain'

/** Ids that are the same in every run: they count up, or follow from their seed. */
export function seededIds(salt = ''): Ids {
  let count = 0
  const next = () => String(++count).padStart(6, '0')
  const make = (prefix: string, seed: string | undefined) =>
    `${prefix}_${seed === undefined ? `${salt}${next()}` : sha256Hex(seed).slice(0, 20)}`
  return {
    leaseId: (seed) => make('lse', seed) as LeaseId,
    taskId: (seed) => make('tsk', seed) as TaskId,
    sshKeyId: (seed) => make('key', seed) as SshKeyId,
    tenantId: () => make('ten', undefined) as TenantId,
    serviceAccountId: (seed) => make('svc', seed) as ServiceAccountId,
    apiKeyId: () => make('apk', undefined) as ApiKeyId,
    secret: () => sha256(`secret ${salt}${next()}`).replaceAll('+', '-').replaceAll('/', '_'),
    sha256,
    sha256OfBase64: (base64) => digest(Buffer.from(base64, 'base64')),
  }
}

function sha256(text: string): string {
  return digest(Buffer.from(text))
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64').replace(/=+$/, '')
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}
