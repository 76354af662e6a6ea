import { fetchKeys } from './fetch-keys.ts'

const rememberMs = 5_000
const timeoutMs = 2_000

/** Says whether the issuer publishes keys; throws when it does not. Asks at most every 5 seconds. */
export function makeIssuerCheck(jwksUrl: string, now: () => number) {
  let last: { readonly at: number; readonly answer: Promise<void> } | null = null
  const ask = async () => {
    if ((await fetchKeys(jwksUrl, timeoutMs)).length === 0)
      throw new Error('The issuer publishes no key.')
  }
  return (_signal: AbortSignal): Promise<void> => {
    if (last === null || now() - last.at >= rememberMs) last = { at: now(), answer: ask() }
    return last.answer
  }
}
