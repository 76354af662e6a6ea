import { publicClientId } from './client-ids.ts'
import { walkThroughPages } from './form-browser.ts'
import { newProof, postToIssuer, type TokenAnswer, tokensFrom } from './token-client.ts'

/** Nobody listens there: the browser is this program, and it stops when it is sent there. */
const redirect = 'http://127.0.0.1:49152/callback'

export type CodeFlowOptions = {
  readonly clientId?: string
  readonly scope?: string
  readonly signal?: AbortSignal
}

/**
 * Signs in as a program on somebody's computer does: authorization code with PKCE and a loopback
 * redirect (RFC 8252), through the issuer's real pages. Throws an error that says which step failed.
 */
export async function signInByCode(
  issuer: string,
  userName: string,
  password: string,
  options: CodeFlowOptions = {},
): Promise<TokenAnswer> {
  const { clientId = publicClientId, scope = 'openid organization:*', signal } = options
  const endpoint = `${issuer}/protocol/openid-connect`
  const { verifier, challenge } = newProof()
  const state = newProof().verifier
  const place = { client_id: clientId, redirect_uri: redirect }
  const asked = { ...place, response_type: 'code', scope, state, ...challenge }
  const query = new URLSearchParams(asked)
  const walk = { endsAt: `${redirect}?`, signal }
  const end = await walkThroughPages(`${endpoint}/auth?${query}`, { userName, password }, walk)
  const answer = new URL(end).searchParams
  const code = answer.get('code')
  if (code === null || answer.get('state') !== state)
    throw new Error(`The issuer sent no code: ${answer.get('error_description') ?? 'wrong state'}`)
  const grant = { ...place, grant_type: 'authorization_code', code, code_verifier: verifier }
  return tokensFrom(await postToIssuer(`${endpoint}/token`, grant, signal))
}
