import type { Quota as QuotaBody } from '@leasehold/contract'
import type { Quota } from '@leasehold/domain'

/** One limit -> wire. */
export function quotaView({ resource, limit, used }: Quota): QuotaBody {
  return { resource, limit, used, free: Math.max(0, limit - used) }
}
