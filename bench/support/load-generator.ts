import autocannon, { type Client, type Result } from 'autocannon'
import { answerParent } from './child-program.ts'

/**
 * Loads a server from a process of its own. Closed loop: each connection sends when it was answered, and, where a
 * rate is given, not before its turn.
 */
export type LoadRequest = {
  readonly url: string
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** Bearer tokens, dealt out to the connections and used in turn by each. Empty: no token is sent. */
  readonly tokens: readonly string[]
  readonly body?: string
  readonly connections: number
  /** Requests per second of all connections together, at most; without it, as many as are answered. */
  readonly rate?: number
  readonly seconds: number
}
export type LoadAnswer = {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly answered: number
  /** Answers other than 2xx, broken connections and requests that were not answered in time. */
  readonly failed: number
  /** Some words of what went wrong. */
  readonly failure: string | null
}

const timeoutSeconds = 20

answerParent<LoadRequest, LoadAnswer>(load, async () => {})

async function load(request: LoadRequest): Promise<LoadAnswer> {
  const { url, connections, seconds, tokens, rate } = request
  let failure: string | null = null
  let next = 0
  const result = await new Promise<Result>((resolve, reject) => {
    const options = {
      url,
      connections,
      duration: seconds,
      timeout: timeoutSeconds,
      ...(rate === undefined ? {} : { overallRate: rate }),
      setupClient(client: Client) {
        const own = deal(tokens, connections, next++)
        client.setRequests(own.map((token) => requestWith(request, token)))
      },
    }
    const run = autocannon(options, (error, found) => (error ? reject(error) : resolve(found)))
    run.on('response', (_client, status) => {
      if (status < 200 || status > 299) failure ??= `status ${status}`
    })
    run.on('reqError', (error) => {
      failure ??= error.message
    })
  })
  const answered = result['2xx']
  return {
    perSecond: answered / result.duration,
    p50Ms: result.latency.p50,
    p99Ms: result.latency.p99,
    answered,
    failed: result.non2xx + result.errors + result.timeouts,
    failure,
  }
}

/** Every token is some connection's, and every connection has one. */
function deal(tokens: readonly string[], connections: number, at: number): (string | null)[] {
  if (tokens.length <= connections) return [tokens[at % tokens.length] ?? null]
  return tokens.filter((_, index) => index % connections === at)
}

function requestWith({ method, path, body }: LoadRequest, token: string | null) {
  return {
    method,
    path,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body }),
  } as const
}
