import { createHash, createHmac, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { S3Address } from '../s3-client.ts'

const limitMs = 10_000

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
  const url = new URL('/minio/admin/v3/set-bucket-quota', address.endpoint)
  const body = JSON.stringify({ quota: bytes, size: bytes, quotatype: 'hard' })
  const signer = new SignatureV4({
    credentials: { accessKeyId: address.accessKeyId, secretAccessKey: address.secretAccessKey },
    region: address.region,
    service: 's3',
    sha256: Sha256,
  })
  const { headers } = await signer.sign({
    method: 'PUT',
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query: { bucket },
    headers: { host: url.host, 'content-type': 'application/json' },
    body,
  })
  url.searchParams.set('bucket', bucket)
  const { host: _host, ...sent } = headers
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const answer = await fetch(url, { method: 'PUT', headers: sent, body, signal: limited })
  const text = await answer.text()
  // A store without the API takes the address for an object's; what it stored would have an entity tag.
  return answer.ok && text === '' && !answer.headers.has('etag') ? 'works' : 'missing'
}

/** The shape of a hash that the signer wants. */
class Sha256 {
  private readonly hash: Hmac | ReturnType<typeof createHash>

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.hash = secret === undefined ? createHash('sha256') : createHmac('sha256', keyOf(secret))
  }

  update(data: string | Uint8Array): void {
    this.hash.update(data)
  }

  async digest(): Promise<Uint8Array> {
    return this.hash.digest()
  }

  reset(): void {}
}

function keyOf(secret: string | ArrayBuffer | ArrayBufferView): string | Buffer {
  if (typeof secret === 'string') return secret
  if (ArrayBuffer.isView(secret))
    return Buffer.from(secret.buffer, secret.byteOffset, secret.byteLength)
  return Buffer.from(secret)
}
