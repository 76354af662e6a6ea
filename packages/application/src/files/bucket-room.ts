import { findShortage, type Quota, type TenantId } from '@leasehold/domain'
import type { ObjectStore } from '../ports/object-store.ts'
import type { QuotaLedger } from '../ports/tenant-store.ts'
import { shortageError } from '../quotas/shortage-error.ts'
import { bucketOf } from '../tenants/tenant-bucket.ts'

export type BucketRoomDeps = {
  readonly objects: Pick<ObjectStore, 'list'>
  readonly quotas: Pick<QuotaLedger, 'list'>
}

const bytesPerGib = 1_073_741_824
const pageSize = 1_000
/** A bucket of more objects is counted so far; whoever fills it with smaller ones meets other limits. */
const mostPages = 100

/** The `bucket-gib` of a tenant, and how many bytes that is; null: the operator has set none. */
export async function bucketLimit(
  quotas: Pick<QuotaLedger, 'list'>,
  tenantId: TenantId,
): Promise<{ readonly quota: Quota; readonly bytes: number } | null> {
  const quota = (await quotas.list(tenantId)).find(({ resource }) => resource === 'bucket-gib')
  return quota === undefined ? null : { quota, bytes: quota.limit * bytesPerGib }
}

/**
 * Refuses (`quota/exceeded`) what does not fit into the `bucket-gib` of a tenant any more. Counted by the store's own
 * list, so it costs nothing where there is no limit. Uploads at the same time do not see each other: a store that
 * limits buckets itself is exact, this keeps a bucket from growing without end in one that does not.
 */
export async function requireBucketRoom(
  { objects, quotas }: BucketRoomDeps,
  tenantId: TenantId,
  bytes: number,
  signal: AbortSignal,
): Promise<void> {
  const limit = await bucketLimit(quotas, tenantId)
  if (limit === null) return
  const isTooMuch = bytes > limit.bytes
  const held = isTooMuch ? 0 : await heldBytes(objects, bucketOf(tenantId), limit.bytes, signal)
  if (held + bytes <= limit.bytes) return
  const used = Math.ceil(held / bytesPerGib)
  const asked = Math.max(1, Math.ceil((held + bytes) / bytesPerGib) - used)
  const shortage = findShortage([{ ...limit.quota, used }], { 'bucket-gib': asked })
  if (shortage !== null) throw shortageError(shortage)
}

/** Counts no further than `enough`. */
async function heldBytes(
  objects: Pick<ObjectStore, 'list'>,
  bucket: string,
  enough: number,
  signal: AbortSignal,
): Promise<number> {
  let held = 0
  let after: string | null = null
  for (let page = 0; page < mostPages && held <= enough; page += 1) {
    const found = await objects.list(bucket, '', after, pageSize, signal)
    for (const { sizeBytes } of found.objects) held += sizeBytes
    after = found.objects.at(-1)?.path ?? null
    if (!found.more || after === null) break
  }
  return held
}
