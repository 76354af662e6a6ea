import type { Tenant } from '../tenant/tenant.ts'

/** One bucket per tenant. The id, not the slug, names it: slugs may be reused, ids never. S3 allows `[a-z0-9.-]{3,63}`. */
export function bucketName(tenant: Pick<Tenant, 'id'>): string {
  return `leasehold-${tenant.id.toLowerCase().replaceAll('_', '-')}`
}
