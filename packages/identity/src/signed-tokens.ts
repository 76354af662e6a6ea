import { DomainError } from '@leasehold/domain'
import { KeysUnavailable } from './issuer-keys.ts'

// What holds for every token of the issuer, whatever it is for.

/** Asymmetric only: with these a public key can never serve as a shared secret. */
export const algorithms = ['RS256', 'ES256', 'PS256', 'EdDSA']
export const maxTokenLength = 16_384
export const clockToleranceSeconds = 5

/** What to throw when a token could not be judged for want of keys; null for every other failure. */
export function keysMissing(error: unknown): DomainError | null {
  if (!(error instanceof KeysUnavailable)) return null
  return new DomainError('service/unavailable', `${error.message} Try again in a few seconds.`)
}

/** The header `typ` without what may be left out of it (RFC 7515 §4.1.9). */
export function headerTypeOf(typ: string | undefined): string | undefined {
  return typ?.toLowerCase().replace(/^application\//, '')
}
