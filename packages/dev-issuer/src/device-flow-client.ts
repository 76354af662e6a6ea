import { publicClientId } from './client-ids.ts'
import { walkThroughPages } from './form-browser.ts'
import { newProof, postToIssuer, type TokenAnswer, textOf, tokensFrom } from './token-client.ts'

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

export type SignedIn = TokenAnswer & { readonly prompt: DevicePrompt }

/**
 * Signs in by the device flow (RFC 8628, with PKCE, which Keycloak demands of this client here too),
 * over plain HTTP and with the issuer's real pages: once as the device that asks for a code, once as
 * the browser in which a person types it. Throws an error that says which step failed.
 */
export async function signInByDeviceFlow(
  issuer: string,
  userName: string,
  password: string,
  options: SignInOptions = {},
): Promise<SignedIn> {
  const { clientId = publicClientId, scope = 'openid organization:*', signal, onPrompt } = options
  const endpoint = `${issuer}/protocol/openid-connect`
  const { verifier, challenge } = newProof()
  const asked = { client_id: clientId, scope, ...challenge }
  const started = await postToIssuer(`${endpoint}/auth/device`, asked, signal)
  const prompt = promptFrom(started)
  await onPrompt?.(prompt)
  await walkThroughPages(prompt.verificationUriComplete, { userName, password }, { signal })
  const tokens = await postToIssuer(
    `${endpoint}/token`,
    {
      client_id: clientId,
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
      device_code: textOf(started, 'device_code'),
      code_verifier: verifier,
    },
    signal,
  )
  return { ...tokensFrom(tokens), prompt }
}

function promptFrom(answer: Readonly<Record<string, unknown>>): DevicePrompt {
  return {
    userCode: textOf(answer, 'user_code'),
    verificationUri: textOf(answer, 'verification_uri'),
    verificationUriComplete: textOf(answer, 'verification_uri_complete'),
    expiresInSeconds: Number(answer.expires_in),
  }
}
