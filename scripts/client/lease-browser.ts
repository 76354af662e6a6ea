import { type IncomingMessage, request } from 'node:http'
import type { LookupFunction } from 'node:net'
import WebSocket from 'ws'

export type PageAnswer = {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

/** A browser with one cookie jar: names under `localhost` are this computer, as real browsers have it. */
export type LeaseBrowser = {
  fetch(url: string, options?: { method?: string; json?: unknown }): Promise<PageAnswer>
  webSocket(url: string): WebSocket
}

const localhostLookup: LookupFunction = (hostname, options, callback) => {
  if (hostname !== 'localhost' && !hostname.endsWith('.localhost'))
    callback(new Error(`not a name of this computer: ${hostname}`), '', 4)
  else if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

export function openLeaseBrowser(): LeaseBrowser {
  const jar = new Map<string, Map<string, string>>()
  const cookieHeader = (url: URL) => {
    const cookies = [...(jar.get(url.host) ?? [])].map(([name, value]) => `${name}=${value}`)
    return cookies.length === 0 ? {} : { cookie: cookies.join('; ') }
  }
  const remember = (url: URL, answer: PageAnswer) => {
    const cookies = jar.get(url.host) ?? new Map<string, string>()
    jar.set(url.host, cookies)
    for (const line of answer.headers['set-cookie'] ?? []) {
      const [pair = ''] = line.split(';')
      const at = pair.indexOf('=')
      cookies.set(pair.slice(0, at), pair.slice(at + 1))
    }
    return answer
  }
  return {
    fetch: async (address, { method = 'GET', json } = {}) => {
      const url = new URL(address)
      const body = json === undefined ? null : JSON.stringify(json)
      const headers = {
        ...cookieHeader(url),
        ...(method === 'GET' ? {} : { origin: url.origin }),
        ...(body === null ? {} : { 'content-type': 'application/json' }),
      }
      return remember(url, await exchange(url, method, headers, body))
    },
    webSocket: (address) => {
      const url = new URL(address)
      const origin = `http://${url.host}`
      return new WebSocket(url, {
        headers: cookieHeader(url),
        origin,
        lookup: localhostLookup,
        handshakeTimeout: 30_000,
      })
    },
  }
}

function exchange(
  url: URL,
  method: string,
  headers: Readonly<Record<string, string>>,
  body: string | null,
): Promise<PageAnswer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, lookup: localhostLookup, timeout: 60_000 }
    const outgoing = request(url, options, (incoming) => {
      const pieces: Buffer[] = []
      incoming.on('data', (piece: Buffer) => pieces.push(piece))
      incoming.on('error', reject)
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(pieces).toString('utf8'),
        }),
      )
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${url.href}: no answer`)))
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
