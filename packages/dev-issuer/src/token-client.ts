import { createHash, randomBytes } from 'node:crypto'

const requestTimeoutMs = 15_000
const maxAnswerBytes = 262_144

export type TokenAnswer = {
  readonly accessToken: string
  readonly idToken: string | null
  readonly refreshToken: string | null
  readonly expiresInSeconds: number
}

/** A secret and what is shown of it beforehand (RFC 7636). */
export function newProof() {
  const verifier = randomBytes(32).toString('base64url')
  const hash = createHash('sha256').update(verifier).digest('base64url')
  return { verifier, challenge: { code_challenge: hash, code_challenge_method: 'S256' } }
}

type Answer = Readonly<Record<string, unknown>>

/** Posts a form to an endpoint of an issuer; throws what it says when it refuses. */
export async function postToIssuer(
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

export function tokensFrom(answer: Answer): TokenAnswer {
  return {
    accessToken: textOf(answer, 'access_token'),
    idToken: typeof answer.id_token === 'string' ? answer.id_token : null,
    refreshToken: typeof answer.refresh_token === 'string' ? answer.refresh_token : null,
    expiresInSeconds: Number(answer.expires_in),
  }
}

export function textOf(answer: Answer, name: string): string {
  const value = answer[name]
  if (typeof value !== 'string') throw new Error(`The issuer's answer has no "${name}".`)
  return value
}
