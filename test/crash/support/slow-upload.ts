import { createHash } from 'node:crypto'
import { request } from 'node:http'
import type { Answer, ApiClient } from '../../../scripts/client/api-client.ts'

export type SlowUpload = {
  readonly path: string
  readonly content: Buffer
  /** Sends the second half. */
  sendRest(): void
  readonly answer: Promise<Answer>
}

export function sha256Of(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Begins an upload and sends the first half of it; with `isAnnounced`, its SHA-256 goes before it. */
export async function beginUpload(
  api: ApiClient,
  path: string,
  content: Buffer,
  isAnnounced: boolean,
): Promise<SlowUpload> {
  const digest = createHash('sha256').update(content).digest('base64')
  const outgoing = request(`${api.baseUrl}/v1/files/${path}`, {
    method: 'PUT',
    headers: {
      ...(await api.authorization()),
      'content-type': 'application/octet-stream',
      'content-length': content.length,
      ...(isAnnounced ? { 'content-digest': `sha-256=:${digest}:` } : {}),
    },
    timeout: 60_000,
  })
  const answer = new Promise<Answer>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${path}: no byte for 60 s`)))
    outgoing.on('response', async (incoming) => {
      const pieces: Buffer[] = []
      for await (const piece of incoming) pieces.push(piece)
      resolve({
        status: incoming.statusCode ?? 0,
        headers: new Headers(incoming.headers as Record<string, string>),
        text: Buffer.concat(pieces).toString('utf8'),
      })
    })
  })
  const half = Math.floor(content.length / 2)
  outgoing.write(content.subarray(0, half))
  return { path, content, answer, sendRest: () => void outgoing.end(content.subarray(half)) }
}
