import http from 'node:http'
import https from 'node:https'

export type OwnAnswer = { readonly status: number; readonly text: string }

const mostBytes = 65_536

/**
 * What one of our own servers answers where it listens. Its certificate is for its public name and not for
 * the address that it is asked at from here, so it is not looked at; nothing secret is sent. Throws what the
 * network says, and for an answer of more than 64 KiB.
 */
export function readOwnServer(url: string, signal: AbortSignal): Promise<OwnAnswer> {
  return new Promise((resolve, reject) => {
    const received = (response: http.IncomingMessage) => {
      const parts: Buffer[] = []
      let bytes = 0
      response.on('data', (part: Buffer) => {
        bytes += part.length
        if (bytes > mostBytes) response.destroy(new Error(`more than ${mostBytes} bytes came`))
        else parts.push(part)
      })
      response.on('error', reject)
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString('utf8') }),
      )
    }
    const request = url.startsWith('https:')
      ? https.get(url, { signal, agent: false, rejectUnauthorized: false }, received)
      : http.get(url, { signal, agent: false }, received)
    request.on('error', reject)
  })
}
