import { publicClientId } from './client-ids.ts'
import { walkThroughPages } from './form-browser.ts'

const requestTimeoutMs = 15_000
const maxAnswerBytes = 262_144

/** What the device shows its person (RFC 8628 §3.2). */
export type DevicePrompt = {
  readonly userCode: string
  readonly verificationUri: string
  readonly verificationUriComplete: string
  readonly expiresInSeconds: number
}

export type SignInOptions = {
  readonly clientId?: string
  readonly scope?: string
  /** Called when the code is there and before anybody signs in: here a demonstration can tell its story. */
  readonly onPrompt?: (prompt: DevicePrompt) => void | Promise<void>
  readonly signal?: AbortSignal
}

export type SignedIn = {
  readonly accessToken: string
  readonly idToken: string | null
  readonly refreshToken: string | null
  readonly expiresInSeconds: number
  readonly prompt: DevicePrompt
}

/**
 * Signs in with the development issuer by the device flow, over plain HTTP and with its real pages:
 * once as the device that asks for a code, once as the browser in which a person types it. Throws an
 * error that says which step failed.
 */
export async function signInByDeviceFlow(
  issuer: string,
  userName: string,
  password: string,
  options: SignInOptions = {},
): Promise<SignedIn> {
  const { clientId = publicClientId, scope = 'openid organization:*', signal, onPrompt } = options
  const endpoint = `${issuer}/protocol/openid-connect`
  const started = await post(`${endpoint}/auth/device`, { client_id: clientId, scope }, signal)
  const prompt = promptFrom(started)
  await onPrompt?.(prompt)
  await walkThroughPages(prompt.verificationUriComplete, { userName, password }, signal)
  const tokens = await post(
    `${endpoint}/token`,
    {
      client_id: clientId,
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: textOf(started, 'device_code'),
    },
    signal,
  )
  return {
    accessToken: textOf(tokens, 'access_token'),
    idToken: typeof tokens.id_token === 'string' ? tokens.id_token : null,
    refreshToken: typeof tokens.refresh_token === 'string' ? tokens.refresh_token : null,
    expiresInSeconds: Number(tokens.expires_in),
    prompt,
  }
}

type Answer = Readonly<Record<string, unknown>>

function promptFrom(answer: Answer): DevicePrompt {
  return {
    userCode: textOf(answer, 'user_code'),
    verificationUri: textOf(answer, 'verification_uri'),
    verificationUriComplete: textOf(answer, 'verification_uri_complete'),
    expiresInSeconds: Number(answer.expires_in),
  }
}

async function post(
  url: string,
  form: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Answer> {
  const timeout = AbortSignal.timeout(requestTimeoutMs)
  const response = await fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    redirect: 'error',
    signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
  })
  const text = await response.text()
  if (text.length > maxAnswerBytes) throw new Error(`The issuer's answer is too long (${url}).`)
  const answer = JSON.parse(text) as Answer
  if (response.ok) return answer
  throw new Error(`The issuer refused (${url}): ${answer.error_description ?? answer.error}`)
}

function textOf(answer: Answer, name: string): string {
  const value = answer[name]
  if (typeof value !== 'string') throw new Error(`The issuer's answer has no "${name}".`)
  return value
}
