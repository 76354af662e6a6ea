import { bucketName, type TenantId } from '@leasehold/domain'

/** The bucket of a tenant, by id alone: names follow from ids, so no row has to be read. */
export function bucketOf(tenantId: TenantId): string {
  return bucketName({ id: tenantId })
}
