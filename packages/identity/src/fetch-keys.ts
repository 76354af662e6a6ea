import { readLimited } from './read-limited.ts'

const maxBytes = 262_144
const maxKeys = 100

/** A signing key as the endpoint published it; its parameters are checked when it is used. */
export type PublishedKey = { readonly kty: string; readonly kid: string }

/**
 * Fetches a JSON Web Key Set (RFC 7517) and gives back its public signing keys. Throws, with a reason
 * for the log, when the endpoint is slow, redirects, answers other than 200, with more than 256 KiB,
 * or with something that is not a key set. Symmetric keys are dropped: a published one is no secret.
 */
export async function fetchKeys(url: string, timeoutMs: number): Promise<readonly PublishedKey[]> {
  const response = await fetch(url, {
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`The key endpoint answered ${response.status}.`)
  }
  return signingKeysOf(
    parse(await readLimited(response, maxBytes, `The key set is larger than ${maxBytes} bytes.`)),
  )
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('The key endpoint did not answer with JSON.')
  }
}

function signingKeysOf(answer: unknown): readonly PublishedKey[] {
  const listed = isRecord(answer) ? answer.keys : null
  if (!Array.isArray(listed)) throw new Error('The key endpoint did not answer with a key set.')
  if (listed.length > maxKeys) throw new Error(`The key set has more than ${maxKeys} keys.`)
  return listed.filter(
    (key): key is PublishedKey =>
      isRecord(key) &&
      typeof key.kid === 'string' &&
      typeof key.kty === 'string' &&
      key.kty !== 'oct' &&
      (key.use === undefined || key.use === 'sig'),
  )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
