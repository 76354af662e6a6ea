import type { TenantId } from '@leasehold/domain'
import { bucketLimit } from '../files/bucket-room.ts'
import type { BucketAccess } from '../ports/bucket-access.ts'
import type { MemberDirectory } from '../ports/member-directory.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { QuotaLedger, TenantStore } from '../ports/tenant-store.ts'
import { bucketOf } from './tenant-bucket.ts'

export type EnsureTenantDeps = {
  readonly tenants: Pick<TenantStore, 'find'>
  readonly quotas: Pick<QuotaLedger, 'list'>
  readonly objects: Pick<ObjectStore, 'ensureBucket' | 'limitBucket'>
  readonly bucketAccess: Pick<BucketAccess, 'endAll'>
  readonly pools: Pools
  /** Null: organizations are made by hand at the identity provider. */
  readonly directory: MemberDirectory | null
}
export type EnsureTenant = (id: TenantId, signal: AbortSignal) => Promise<'ensured' | 'gone'>

/**
 * Makes what a tenant needs, and repairs it: a bucket with its limit, its organization, and its place in every pool;
 * and takes from a suspended one the keys of its bucket. One that fails does not keep the others waiting.
 */
export function makeEnsureTenant(deps: EnsureTenantDeps): EnsureTenant {
  const { tenants, bucketAccess, pools, directory } = deps
  return async (id, signal) => {
    const tenant = await tenants.find(id)
    if (tenant === null) return 'gone'
    const results = await Promise.allSettled([
      ensureBucket(deps, id, signal),
      ...(tenant.suspended ? [bucketAccess.endAll(bucketOf(id), signal)] : []),
      ...(directory === null ? [] : [directory.ensureOrganization(tenant)]),
      ...pools.all().map((pool) => pool.tenancy.ensureTenant(tenant, signal)),
    ])
    const failures = results.filter((result) => result.status === 'rejected')
    if (failures.length > 0)
      throw new AggregateError(
        failures.map((failure) => failure.reason),
        `${failures.length} of ${results.length} parts of tenant ${id} could not be made`,
      )
    return 'ensured'
  }
}

/** Limits are set again each time: the store is told of a change whenever it was missed. */
async function ensureBucket(
  { objects, quotas }: Pick<EnsureTenantDeps, 'objects' | 'quotas'>,
  id: TenantId,
  signal: AbortSignal,
): Promise<void> {
  const bucket = bucketOf(id)
  await objects.ensureBucket(bucket, signal)
  const limit = await bucketLimit(quotas, id)
  await objects.limitBucket(bucket, limit?.bytes ?? null, signal)
}
