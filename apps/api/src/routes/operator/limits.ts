import type { QuotaLimit } from '@leasehold/contract'
import type { Amounts, ResourceName } from '@leasehold/domain'

/** Limits by resource name; of two for the same resource the last one counts. */
export function amountsFrom(limits: readonly QuotaLimit[]): Amounts {
  return Object.fromEntries(
    limits.map(({ resource, limit }) => [resource as ResourceName, limit]),
  ) as Amounts
}
