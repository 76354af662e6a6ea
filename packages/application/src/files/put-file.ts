import { DomainError, requireWritablePath, type TenantId } from '@leasehold/domain'
import type { ObjectStore, StoredObject } from '../ports/object-store.ts'
import type { QuotaLedger } from '../ports/tenant-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'
import { requireBucketRoom } from './bucket-room.ts'

export type PutFileCommand = {
  readonly tenantId: TenantId
  readonly path: string
  readonly body: AsyncIterable<Uint8Array>
  readonly sizeBytes: number
  readonly contentType: string
  /** Lower-case hex; content that differs is refused and leaves nothing. */
  readonly sha256: string | null
}
export type PutFileDeps = {
  readonly objects: Pick<ObjectStore, 'put' | 'ensureBucket' | 'list'>
  readonly quotas: Pick<QuotaLedger, 'list'>
  readonly rules: RentalRules
}
export type PutFile = (command: PutFileCommand, signal: AbortSignal) => Promise<StoredObject>

/** Stores a file in the tenant's bucket. What lies below `tasks/` is the record of what ran and is refused. */
export function makePutFile({ objects, quotas, rules }: PutFileDeps): PutFile {
  return async ({ tenantId, path, body, sizeBytes, contentType, sha256 }, signal) => {
    requireWritablePath(path)
    if (sizeBytes > rules.maxFileBytes)
      throw new DomainError(
        'file/too-large',
        `A file may have at most ${rules.maxFileBytes} bytes; this one has ${sizeBytes}.`,
        { limit: rules.maxFileBytes, asked: sizeBytes },
      )
    const bucket = bucketOf(tenantId)
    await objects.ensureBucket(bucket, signal)
    await requireBucketRoom({ objects, quotas }, tenantId, sizeBytes, signal)
    return objects.put(bucket, path, body, { sizeBytes, contentType, sha256 }, signal)
  }
}
