import type { Log } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { readLimited } from '../read-limited.ts'

const requestTimeoutMs = 5_000
const maxAnswerBytes = 4_194_304
/** A token is renewed this long before it ends. */
const marginMs = 15_000

export type KeycloakAdminSettings = {
  /** Address of the realm's Admin API: `https://id.example/admin/realms/leasehold`. */
  readonly adminUrl: string
  readonly tokenUrl: string
  /** A confidential client with the rights `manage-organizations` and `manage-users`. */
  readonly clientId: string
  readonly clientSecret: string
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
}

export type AdminAnswer = {
  readonly status: number
  /** JSON, or null when there is none. */
  readonly body: unknown
  /** The last part of `Location`: the id of what was made. */
  readonly madeId: string | null
}

/** Speaks to Keycloak's Admin API as the provisioner. */
export type AdminClient = {
  /**
   * Sends one request and gives every answer that is about the request itself (2xx, 400, 404, 409).
   * Throws `service/unavailable` for all others, and `AnswerTimedOut` of the same code when Keycloak does not
   * answer within `timeoutMs`, five seconds when nothing is said.
   */
  send(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    timeoutMs?: number,
  ): Promise<AdminAnswer>
}

/** Whether Keycloak did what it was asked for cannot be said. */
export class AnswerTimedOut extends DomainError {}

type Token = { readonly text: string; readonly until: number }

/** Signs in with client credentials when it must, and again when Keycloak forgot the token. */
export function makeAdminClient(settings: KeycloakAdminSettings): AdminClient {
  const { now, log } = settings
  let token: Promise<Token> | null = null
  const currentToken = async (): Promise<string> => {
    token ??= signIn(settings)
    const mine = token
    try {
      const { text, until } = await mine
      if (now() < until) return text
    } catch (error) {
      if (token === mine) token = null
      throw error
    }
    if (token === mine) token = null
    return currentToken()
  }
  const attempt = async (method: string, path: string, body: unknown, timeoutMs: number) => {
    const authorization = `Bearer ${await currentToken()}`
    const init = {
      method,
      headers: { authorization, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }
    return exchange(`${settings.adminUrl}${path}`, init, timeoutMs)
  }
  return {
    async send(method, path, body, timeoutMs = requestTimeoutMs) {
      try {
        let answer = await attempt(method, path, body, timeoutMs)
        if (answer.status === 401) {
          token = null
          answer = await attempt(method, path, body, timeoutMs)
        }
        if (isAboutTheRequest(answer.status)) return answer
        throw new Error(`Keycloak answered ${answer.status}`)
      } catch (error) {
        // Ids are no secrets, but addresses of people in a query are.
        const place = path.replace(/\?.*$/, '')
        log.warn({ method, place, reason: (error as Error).message }, 'keycloak refused or failed')
        const Failure = (error as Error).name === 'TimeoutError' ? AnswerTimedOut : DomainError
        throw new Failure(
          'service/unavailable',
          'The identity provider does not answer as it should. Try again later.',
        )
      }
    },
  }
}

function isAboutTheRequest(status: number): boolean {
  return (status >= 200 && status < 300) || status === 400 || status === 404 || status === 409
}

async function signIn({
  tokenUrl,
  clientId,
  clientSecret,
  now,
}: KeycloakAdminSettings): Promise<Token> {
  const asked = { grant_type: 'client_credentials', client_id: clientId }
  const form = new URLSearchParams({ ...asked, client_secret: clientSecret })
  const startedAt = now()
  const init = { method: 'POST', body: form }
  const { status, body } = await exchange(tokenUrl, init, requestTimeoutMs)
  const { access_token: text, expires_in: seconds } = (body ?? {}) as Record<string, unknown>
  if (status !== 200 || typeof text !== 'string' || typeof seconds !== 'number')
    throw new Error(`The provisioner cannot sign in: the token endpoint answered ${status}`)
  // At least a second, or a short-lived token would be asked for without end.
  return { text, until: Math.max(startedAt + seconds * 1_000 - marginMs, now() + 1_000) }
}

async function exchange(url: string, init: RequestInit, timeoutMs: number): Promise<AdminAnswer> {
  const response = await fetch(url, {
    ...init,
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  const text = await readLimited(response, maxAnswerBytes, 'The answer is too large')
  const isJson = response.headers.get('content-type')?.startsWith('application/json') ?? false
  return {
    status: response.status,
    body: isJson && text !== '' ? JSON.parse(text) : null,
    madeId: response.headers.get('location')?.split('/').pop() ?? null,
  }
}
