import type { TenantId } from '@leasehold/domain'
import type { MemberDirectory } from '../ports/member-directory.ts'
import type { ObjectStore } from '../ports/object-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { bucketOf } from './tenant-bucket.ts'

export type EnsureTenantDeps = {
  readonly tenants: Pick<TenantStore, 'find'>
  readonly objects: Pick<ObjectStore, 'ensureBucket'>
  readonly pools: Pools
  /** Null: organizations are made by hand at the identity provider. */
  readonly directory: MemberDirectory | null
}
export type EnsureTenant = (id: TenantId, signal: AbortSignal) => Promise<'ensured' | 'gone'>

/** Makes what a tenant needs, and repairs it: a bucket, its organization, and its place in every pool. One that fails does not keep the others waiting. */
export function makeEnsureTenant(deps: EnsureTenantDeps): EnsureTenant {
  const { tenants, objects, pools, directory } = deps
  return async (id, signal) => {
    const tenant = await tenants.find(id)
    if (tenant === null) return 'gone'
    const results = await Promise.allSettled([
      objects.ensureBucket(bucketOf(id), signal),
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
