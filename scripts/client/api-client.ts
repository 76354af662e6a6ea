import type { Problem } from '@leasehold/contract'

/** An HTTP answer, read to its end. */
export type Answer = {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export type Call = {
  readonly json?: unknown
  /** Sent as it is; `json` must not be given then. */
  readonly body?: string | Uint8Array
  readonly headers?: Readonly<Record<string, string>>
  readonly timeoutMs?: number
}

export type ApiClient = {
  readonly baseUrl: string
  /** Every answer is a result, refusals included. Throws only when none comes in time. */
  call(method: string, path: string, call?: Call): Promise<Answer>
  /** The JSON of a 2xx answer; anything else throws `RequestRefused`. */
  get<Body>(path: string): Promise<Body>
  send<Body>(method: string, path: string, call?: Call): Promise<Body>
  /** Headers that a streaming request needs. */
  authorization(): Promise<Readonly<Record<string, string>>>
}

/** The API said no. `problem` is its RFC 9457 body. */
export class RequestRefused extends Error {
  readonly status: number
  readonly problem: Problem

  constructor(what: string, status: number, problem: Problem) {
    super(`${what}: ${status} ${problem.code}: ${problem.detail} (request ${problem.requestId})`)
    this.name = 'RequestRefused'
    this.status = status
    this.problem = problem
  }
}

/** A client of one API for one caller. `token` is asked before each request, so that it may be renewed. */
export function makeApiClient(
  baseUrl: string,
  token: (() => Promise<string>) | null,
  extraHeaders: Readonly<Record<string, string>> = {},
): ApiClient {
  const authorization = async () => ({
    ...extraHeaders,
    ...(token === null ? {} : { authorization: `Bearer ${await token()}` }),
  })
  const call = async (method: string, path: string, options: Call = {}): Promise<Answer> => {
    const { json, body, headers, timeoutMs = 30_000 } = options
    const response = await fetch(baseUrl + path, {
      method,
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
      headers: {
        ...(await authorization()),
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...bodyOf(json, body),
    })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  const send = async <Body>(method: string, path: string, options?: Call): Promise<Body> => {
    const { status, text } = await call(method, path, options)
    if (status >= 200 && status < 300) return (text === '' ? null : JSON.parse(text)) as Body
    throw new RequestRefused(`${method} ${path}`, status, JSON.parse(text) as Problem)
  }
  return { baseUrl, authorization, call, send, get: (path) => send('GET', path) }
}

function bodyOf(
  json: unknown,
  body: string | Uint8Array | undefined,
): { readonly body?: string | Uint8Array<ArrayBuffer> } {
  if (json !== undefined) return { body: JSON.stringify(json) }
  return body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }
}
