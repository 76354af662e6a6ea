import type { TenantId } from '@leasehold/domain'
import type { BucketAccess, BucketCredentials, BucketRights } from '../ports/bucket-access.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { requireActive } from '../tenants/note-caller.ts'
import { findTenant } from '../tenants/read-tenants.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

export type IssueFileCredentialsDeps = {
  readonly tenants: Pick<TenantStore, 'find'>
  readonly objects: Pick<ObjectStore, 'ensureBucket'>
  readonly bucketAccess: Pick<BucketAccess, 'address' | 'issue' | 'endAll'>
}
export type FileCredentialsReport = BucketCredentials &
  BucketAccess['address'] & { readonly bucket: string }
export type IssueFileCredentials = (
  tenantId: TenantId,
  rights: BucketRights,
  lifetimeSeconds: number,
  signal: AbortSignal,
) => Promise<FileCredentialsReport>

/**
 * Short-lived keys of the store for the tenant's own bucket, and what else an S3 client needs. What is known of tenants
 * may be some seconds old, and these keys ask nobody later: so whether the tenant is suspended is read before they are
 * made, and again before they are given.
 */
export function makeIssueFileCredentials(deps: IssueFileCredentialsDeps): IssueFileCredentials {
  const { tenants, objects, bucketAccess } = deps
  return async (tenantId, rights, lifetimeSeconds, signal) => {
    const bucket = bucketOf(tenantId)
    const requireStillActive = async () => requireActive(await findTenant(tenants, tenantId))
    await requireStillActive()
    await objects.ensureBucket(bucket, signal)
    const credentials = await bucketAccess.issue(bucket, rights, lifetimeSeconds, signal)
    try {
      await requireStillActive()
    } catch (refusal) {
      await bucketAccess.endAll(bucket, signal)
      throw refusal
    }
    return { ...bucketAccess.address, bucket, ...credentials }
  }
}
