import { DomainError, type Instant, parseObjectPath, type TenantId } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { ObjectStore, StoredObject } from '../ports/object-store.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

/** A file and a link that reads exactly it until `downloadUrlExpiresAt`. */
export type FileReport = {
  readonly object: StoredObject
  readonly downloadUrl: string
  readonly downloadUrlExpiresAt: Instant
}
export type DescribeFileDeps = {
  readonly objects: Pick<ObjectStore, 'head' | 'presignGet'>
  readonly clock: Clock
  readonly rules: RentalRules
}
export type DescribeFile = (
  tenantId: TenantId,
  path: string,
  signal: AbortSignal,
) => Promise<FileReport>

/** One file of the tenant's bucket with a link to download it; `file/not-found`. */
export function makeDescribeFile({ objects, clock, rules }: DescribeFileDeps): DescribeFile {
  return async (tenantId, path, signal) => {
    const bucket = bucketOf(tenantId)
    const object = await objects.head(bucket, parseObjectPath(path), signal)
    if (object === null) throw new DomainError('file/not-found', 'There is no such file.')
    const seconds = rules.downloadLinkSeconds
    const downloadUrlExpiresAt = clock.now() + seconds * 1_000
    const downloadUrl = await objects.presignGet(bucket, path, seconds)
    return { object, downloadUrl, downloadUrlExpiresAt }
  }
}
