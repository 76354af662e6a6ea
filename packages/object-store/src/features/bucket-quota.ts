import { askMinioAdmin } from '../minio-admin.ts'
import type { S3Address } from '../s3-client.ts'

/**
 * Sets how many bytes a bucket may hold, where the store has MinIO's admin API (`set-bucket-quota`); S3
 * itself has no such thing. `missing` where it is not there, or not for this key.
 */
export async function setBucketQuota(
  address: S3Address,
  bucket: string,
  bytes: number,
  signal: AbortSignal,
): Promise<'works' | 'missing'> {
  const body = JSON.stringify({ quota: bytes, size: bytes, quotatype: 'hard' })
  const answer = await askMinioAdmin(address, 'PUT', 'set-bucket-quota', { bucket }, body, signal)
  const { status, text, headers } = answer
  // A store without the API takes the address for an object's; what it stored would have an entity tag.
  return status === 200 && text === '' && !headers.has('etag') ? 'works' : 'missing'
}
