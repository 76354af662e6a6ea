import { createHash, createHmac, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { S3Address } from './s3-client.ts'

const limitMs = 10_000
const mostBytes = 65_536

export type AdminAnswer = {
  readonly status: number
  readonly text: string
  readonly headers: Headers
}

/**
 * A request to MinIO's admin API, which the S3 client does not know, with the platform's key. `body` is JSON. Throws what
 * the network says, after ten seconds, and for an answer of more than 64 KiB.
 */
export async function askMinioAdmin(
  address: S3Address,
  method: 'PUT' | 'POST',
  path: string,
  query: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<AdminAnswer> {
  const url = new URL(`/minio/admin/v3/${path}`, address.endpoint)
  const signer = new SignatureV4({
    credentials: { accessKeyId: address.accessKeyId, secretAccessKey: address.secretAccessKey },
    region: address.region,
    service: 's3',
    sha256: Sha256,
  })
  const { headers } = await signer.sign({
    method,
    protocol: url.protocol,
    hostname: url.hostname,
    path: url.pathname,
    query,
    headers: { host: url.host, 'content-type': 'application/json' },
    body,
  })
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  const { host: _host, ...sent } = headers
  const limited = AbortSignal.any([signal, AbortSignal.timeout(limitMs)])
  const answer = await fetch(url, {
    ...{ method, headers: sent, body, signal: limited },
    redirect: 'error',
  })
  return { status: answer.status, text: await read(answer), headers: answer.headers }
}

async function read(answer: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of answer.body ?? []) {
    bytes += part.length
    if (bytes > mostBytes) throw new Error(`The object store sent more than ${mostBytes} bytes.`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
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
