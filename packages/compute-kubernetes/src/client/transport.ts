import type { Readable } from 'node:stream'
import type { Connections } from './connections.ts'
import type { CredentialSource, Credentials } from './credentials.ts'
import type { KubeTime } from './kube-time.ts'
import { limitTime, type TimeLimit, TimeLimitExceeded } from './time-limit.ts'

export type Ask = {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with a slash; the server's own prefix is put before it. */
  readonly path: string
  readonly contentType?: string
  readonly body?: string
  readonly accept?: string
}

export type Limits = { readonly timeLimitMs: number; readonly mostBytes: number }

export type Answer = {
  readonly status: number
  readonly contentType: string
  readonly retryAfter: string | null
  readonly text: string
}

export type OpenAnswer = Omit<Answer, 'text'> & { readonly body: Readable }

/** Nobody knows what became of a request, or (`neverSent`) it surely did not reach the server. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  readonly neverSent: boolean

  constructor(message: string, { neverSent }: { neverSent: boolean }) {
    super(message)
    this.neverSent = neverSent
  }
}

/** A body that says nothing for so long has died. */
const idleMs = 15_000
/** A body that comes, but slowly, may take this many time limits in all. */
const slowFactor = 4

export type Transport = {
  /** One request and its whole answer, whatever its status. Throws `NoAnswer`, or the signal's reason. */
  send(ask: Ask, limits: Limits, signal: AbortSignal): Promise<Answer>
  /** One request whose answer is read as it comes; the signal ends it. The time limit is for its headers. */
  open(ask: Ask, timeLimitMs: number, signal: AbortSignal): Promise<OpenAnswer>
  credentials(): Promise<Credentials>
}

/** Plain HTTP with limits: no retries, no meaning. */
export function makeTransport(
  connections: Connections,
  source: CredentialSource,
  time: KubeTime,
): Transport {
  const ask = async (
    { method, path, contentType, body, accept = 'application/json' }: Ask,
    use: 'requests' | 'streams',
    signal: AbortSignal,
  ) => {
    const credentials = await source.current()
    const answer = await connections.pool(credentials, use).request({
      method,
      path: `${credentials.basePath}${path}`,
      headers: {
        ...credentials.headers,
        accept,
        'user-agent': 'leasehold',
        ...(contentType === undefined ? {} : { 'content-type': contentType }),
      },
      ...(body === undefined ? {} : { body }),
      signal,
    })
    if (answer.statusCode === 401) source.renew()
    return {
      status: answer.statusCode,
      contentType: one(answer.headers['content-type']) ?? '',
      retryAfter: one(answer.headers['retry-after']),
      body: answer.body,
    }
  }

  const toNoAnswer = (error: unknown, limit: TimeLimit, signal: AbortSignal): unknown => {
    if (signal.aborted) return signal.reason
    if (error instanceof NoAnswer) return error
    const { reason } = limit.signal
    if (reason instanceof TimeLimitExceeded)
      return new NoAnswer(reason.message, { neverSent: false })
    return new NoAnswer(describe(error), { neverSent: connections.isNeverSent(error) })
  }

  return {
    credentials: () => source.current(),
    async send(what, { timeLimitMs, mostBytes }, signal) {
      const limit = limitTime(signal, time, timeLimitMs, `no answer in ${timeLimitMs} ms`)
      const endsAt = time.now() + timeLimitMs * slowFactor
      try {
        const { body, ...answer } = await ask(what, 'requests', limit.signal)
        const text = await readAll(body, mostBytes, () =>
          limit.restart(
            Math.max(1, Math.min(idleMs, endsAt - time.now())),
            'an answer that began and did not end in time',
          ),
        )
        return { ...answer, text }
      } catch (error) {
        throw toNoAnswer(error, limit, signal)
      } finally {
        limit.end()
      }
    },
    async open(what, timeLimitMs, signal) {
      const limit = limitTime(signal, time, timeLimitMs, `no answer in ${timeLimitMs} ms`)
      try {
        const answer = await ask(what, 'streams', limit.signal)
        limit.lift()
        answer.body.once('close', () => limit.end())
        return answer
      } catch (error) {
        limit.end()
        throw toNoAnswer(error, limit, signal)
      }
    },
  }
}

/** Reads a body to its end, or to its limit. `onPiece` is told of each piece. */
export async function readAll(
  body: Readable,
  mostBytes: number,
  onPiece: () => void = () => {},
): Promise<string> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of body as AsyncIterable<Buffer>) {
    onPiece()
    bytes += piece.length
    if (bytes > mostBytes) {
      body.destroy()
      throw new NoAnswer(`an answer of more than ${mostBytes} bytes`, { neverSent: false })
    }
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

function describe(error: unknown): string {
  const { code, message } = error as { code?: string; message?: string }
  return code === undefined ? (message ?? 'the connection failed') : `${code}: ${message}`
}

function one(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null
}
