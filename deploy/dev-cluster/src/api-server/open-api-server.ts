import { Pool } from 'undici'
import { type ClusterObject, collectionPath, objectPath } from './object-path.ts'
import { readKubeconfig } from './read-kubeconfig.ts'

/** Someone the administrator acts as, so that permissions and webhooks see who a part plays. */
export type Impersonation = {
  readonly user: string
  readonly extra?: Readonly<Record<string, string>>
}

export type RequestOptions = {
  readonly body?: unknown
  readonly contentType?: string
  readonly as?: Impersonation
}

/** An answer that is no success. `message` is the API server's. */
export class ApiRefusal extends Error {
  override name = 'ApiRefusal'
  readonly status: number
  readonly reason: string

  constructor(status: number, reason: string, message: string) {
    super(message)
    this.status = status
    this.reason = reason
  }
}

export type ApiServer = {
  request<T>(method: Method, path: string, options?: RequestOptions): Promise<T>
  /** Null when there is none. */
  get<T extends ClusterObject>(path: string): Promise<T | null>
  /** Makes the object, or makes an existing one like it (server-side apply, by force). */
  ensure(object: ClusterObject): Promise<void>
  /** Merge-patches. Null when the object is gone. */
  patch<T extends ClusterObject>(
    path: string,
    patch: unknown,
    as?: Impersonation,
  ): Promise<T | null>
  /** At once and without grace unless told otherwise; an absent object is fine. */
  remove(path: string, options?: unknown): Promise<void>
  /** The body of a watch, line by line. Ends when the server ends it. */
  lines(path: string, signal: AbortSignal): AsyncIterable<string>
  close(): Promise<void>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

const fieldManager = 'dev-cluster'
const requestLimitMs = 30_000
/** The server ends a watch after five minutes; bookmarks come every minute. */
const silenceLimitMs = 330_000

/** Talks to the API server as administrator, over a few connections that stay open. */
export async function openApiServer(
  kubeconfig: string,
  signal: AbortSignal,
  connections = 16,
): Promise<ApiServer> {
  const { url, authority, certificate, key } = await readKubeconfig(kubeconfig)
  const tls = { ca: authority, cert: certificate, key }
  const pool = new Pool(url, { connections, connect: { ...tls, timeout: 10_000 } })
  const watches = new Pool(url, { connections: 64, connect: tls, bodyTimeout: silenceLimitMs })

  async function request<T>(
    method: Method,
    path: string,
    options: RequestOptions = {},
  ): Promise<T> {
    const { statusCode, body } = await pool.request({
      method,
      path,
      signal: AbortSignal.any([signal, AbortSignal.timeout(requestLimitMs)]),
      headers: headersOf(options),
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
    })
    const text = await body.text()
    if (statusCode >= 300) throw refusalFrom(statusCode, text)
    return (text.startsWith('{') ? JSON.parse(text) : text) as T
  }

  return {
    request,
    get: <T extends ClusterObject>(path: string) => absentAsNull(request<T>('GET', path)),
    ensure: (object) => ensure(request, object),
    patch: <T extends ClusterObject>(path: string, patch: unknown, as?: Impersonation) =>
      absentAsNull(
        request<T>('PATCH', path, {
          body: patch,
          contentType: 'application/merge-patch+json',
          ...(as === undefined ? {} : { as }),
        }),
      ),
    remove: async (path, options = { gracePeriodSeconds: 0, propagationPolicy: 'Background' }) => {
      await absentAsNull(request('DELETE', path, { body: options }))
    },
    lines: (path, watchSignal) => lines(watches, path, AbortSignal.any([signal, watchSignal])),
    close: async () => {
      await Promise.all([pool.close(), watches.destroy()])
    },
  }
}

async function ensure(request: ApiServer['request'], object: ClusterObject): Promise<void> {
  try {
    await request('POST', `${collectionPath(object)}?fieldManager=${fieldManager}`, {
      body: object,
    })
  } catch (error) {
    if (!(error instanceof ApiRefusal && error.reason === 'AlreadyExists')) throw error
    await request('PATCH', `${objectPath(object)}?fieldManager=${fieldManager}&force=true`, {
      body: object,
      contentType: 'application/apply-patch+yaml',
    })
  }
}

async function* lines(pool: Pool, path: string, signal: AbortSignal): AsyncIterable<string> {
  const { statusCode, body } = await pool.request({ method: 'GET', path, signal })
  if (statusCode >= 300) throw refusalFrom(statusCode, await body.text())
  const decoder = new TextDecoder()
  let parts: string[] = []
  for await (const chunk of body) {
    const [first = '', ...more] = decoder.decode(chunk as Uint8Array, { stream: true }).split('\n')
    parts.push(first)
    for (const next of more) {
      yield parts.join('')
      parts = [next]
    }
  }
}

function headersOf({ body, contentType = 'application/json', as }: RequestOptions) {
  const headers: Record<string, string> = { accept: 'application/json' }
  if (body !== undefined) headers['content-type'] = contentType
  if (as === undefined) return headers
  headers['impersonate-user'] = as.user
  for (const [name, value] of Object.entries(as.extra ?? {}))
    headers[`impersonate-extra-${encodeURIComponent(name)}`] = value
  return headers
}

function refusalFrom(status: number, text: string): ApiRefusal {
  try {
    const { reason = '', message = text } = JSON.parse(text) as {
      reason?: string
      message?: string
    }
    return new ApiRefusal(status, reason, message)
  } catch {
    return new ApiRefusal(status, '', `${status} ${text.slice(0, 500)}`)
  }
}

async function absentAsNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiRefusal && error.status === 404) return null
    throw error
  }
}
