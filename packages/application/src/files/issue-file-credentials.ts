import type { TenantId } from '@leasehold/domain'
import type { BucketAccess, BucketCredentials, BucketRights } from '../ports/bucket-access.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

export type IssueFileCredentialsDeps = {
  readonly objects: Pick<ObjectStore, 'ensureBucket'>
  readonly bucketAccess: Pick<BucketAccess, 'address' | 'issue'>
}
export type FileCredentialsReport = BucketCredentials &
  BucketAccess['address'] & { readonly bucket: string }
export type IssueFileCredentials = (
  tenantId: TenantId,
  rights: BucketRights,
  lifetimeSeconds: number,
  signal: AbortSignal,
) => Promise<FileCredentialsReport>

/** Short-lived keys of the store for the tenant's own bucket, and what else an S3 client needs. */
export function makeIssueFileCredentials({
  objects,
  bucketAccess,
}: IssueFileCredentialsDeps): IssueFileCredentials {
  return async (tenantId, rights, lifetimeSeconds, signal) => {
    const bucket = bucketOf(tenantId)
    await objects.ensureBucket(bucket, signal)
    const credentials = await bucketAccess.issue(bucket, rights, lifetimeSeconds, signal)
    return { ...bucketAccess.address, bucket, ...credentials }
  }
}
