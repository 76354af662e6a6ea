import type { TenantId } from '../shared/ids.ts'
import type { Amounts, ResourceName } from './resources.ts'
import { entriesOf } from './resources.ts'

/** One limit of one tenant. `used` is what live leases and tasks hold; it never passes `limit` upwards. */
export type Quota = {
  readonly tenantId: TenantId
  readonly resource: ResourceName
  readonly limit: number
  readonly used: number
}

/** Why a demand does not fit: enough for the renter to ask for less or wait. */
export type QuotaShortage = {
  readonly resource: ResourceName
  readonly limit: number
  readonly used: number
  readonly asked: number
  readonly free: number
}

/** The first limit that `demand` would break, in order of resource name; null when it fits. A resource without a row has limit 0. */
export function findShortage(quotas: readonly Quota[], demand: Amounts): QuotaShortage | null {
  const sorted = [...entriesOf(demand)].sort(([a], [b]) => (a < b ? -1 : 1))
  for (const [resource, asked] of sorted) {
    if (asked <= 0) continue
    const quota = quotas.find((row) => row.resource === resource)
    const limit = quota?.limit ?? 0
    const used = quota?.used ?? 0
    if (used + asked > limit)
      return { resource, limit, used, asked, free: Math.max(0, limit - used) }
  }
  return null
}
