import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { createWebSocketStream, WebSocket } from 'ws'
import { toError } from './answers.ts'
import { cleanText } from './clean-text.ts'
import type { Credentials } from './credentials.ts'
import { type KubeError, KubeUnavailable } from './kube-error.ts'
import { NoAnswer, readAll } from './transport.ts'

/** KubeVirt's: raw bytes in both directions, without channels. */
const protocol = 'plain.kubevirt.io'
const biggestMessage = 4 * 1_048_576
const mostErrorBytes = 65_536
const bufferedBytes = 262_144

/**
 * Opens a WebSocket and hands it out as a stream. What is not read is not fetched, and what the other side does not
 * take makes `write` return false. The signal ends it at any time.
 */
export function openWebSocket(
  credentials: Credentials,
  path: string,
  timeLimitMs: number,
  signal: AbortSignal,
): Promise<Duplex> {
  const { ca, cert, key, servername, rejectUnauthorized } = credentials.tls ?? {
    rejectUnauthorized: true,
  }
  const address = new URL(`${credentials.basePath}${path}`, credentials.origin)
  address.protocol = address.protocol === 'https:' ? 'wss:' : 'ws:'
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const socket = new WebSocket(address, protocol, {
      headers: { ...credentials.headers, 'user-agent': 'leasehold' },
      handshakeTimeout: timeLimitMs,
      maxPayload: biggestMessage,
      perMessageDeflate: false,
      followRedirects: false,
      rejectUnauthorized,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
    })
    // Made now and not when it opens: the first bytes may come with the handshake.
    const stream = createWebSocketStream(socket, { highWaterMark: bufferedBytes })
    const end = () => stream.destroy(signal.reason as Error)
    const refuse = (error: unknown) => {
      stream.destroy()
      reject(signal.aborted ? signal.reason : error)
    }
    signal.addEventListener('abort', end, { once: true })
    stream.once('close', () => signal.removeEventListener('abort', end))
    // An unheard error event would end the process; readers and writers get it all the same.
    stream.on('error', () => {})
    socket.once('unexpected-response', (_request, response) => {
      void refusalOf(response, credentials.secrets).then(refuse)
    })
    socket.on('error', (error) => {
      const why = cleanText(error.message, credentials.secrets)
      refuse(new KubeUnavailable(`the stream could not be opened: ${why}`))
    })
    socket.once('open', () => resolve(stream))
    stream.once('close', () => refuse(new KubeUnavailable('the stream ended before it began')))
  })
}

async function refusalOf(
  response: IncomingMessage,
  secrets: readonly string[],
): Promise<KubeError | KubeUnavailable> {
  const { statusCode: status = 0, headers } = response
  const text = await readAll(response, mostErrorBytes).catch(() => '')
  const error = toError(
    {
      status,
      text,
      contentType: headers['content-type'] ?? '',
      retryAfter: headers['retry-after'] ?? null,
    },
    secrets,
  )
  if (!(error instanceof NoAnswer)) return error
  return new KubeUnavailable(`the stream was refused with status ${status}`)
}
