import type { Caller, Log, TokenVerifier } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type ClaimNames, callerFromClaims, keycloakClaimNames } from './caller-from-claims.ts'
import { KeysUnavailable, type KeyTimes, makeIssuerKeys } from './issuer-keys.ts'
import { makeKnownTokens } from './known-tokens.ts'

/** Asymmetric only: with these a public key can never serve as a shared secret. */
const algorithms = ['RS256', 'ES256', 'PS256', 'EdDSA']
const maxTokenLength = 16_384
const clockToleranceSeconds = 5
const knownTokens = 10_000
const knownTokenMs = 60_000

const keyTimes: KeyTimes = {
  unknownKeyCooldownMs: 30_000,
  failureCooldownMs: 2_000,
  maxAgeMs: 600_000,
  fetchTimeoutMs: 5_000,
}

export type TokenVerifierSettings = {
  /** Exactly the `iss` of the tokens. */
  readonly issuer: string
  /** Must be among the `aud` of the tokens. */
  readonly audience: string
  readonly jwksUrl: string
  /** Keycloak's when absent. */
  readonly claims?: ClaimNames
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly log: Log
  readonly keyTimes?: Partial<KeyTimes>
}

/**
 * Verifies access tokens of one issuer (RFC 7519, RFC 9068, Keycloak's `typ`). A token that was
 * verified is known for up to a minute and costs one hash. Throws `auth/unauthenticated` for a bad
 * token, without saying to its bearer which check failed, and `service/unavailable` when the issuer's keys cannot be had.
 */
export function makeTokenVerifier(settings: TokenVerifierSettings): TokenVerifier {
  const { now, log, jwksUrl } = settings
  const times = { ...keyTimes, ...settings.keyTimes }
  const keys = makeIssuerKeys({ jwksUrl, now, log, times })
  const known = makeKnownTokens(knownTokens, knownTokenMs)
  return {
    verify: async (token) => {
      const caller = known.find(token, now())
      if (caller !== null) return caller
      const verified = await verifyToken(token, keys, settings)
      known.remember(token, verified, now())
      return verified
    },
  }
}

async function verifyToken(
  token: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, now, claims = keycloakClaimNames }: TokenVerifierSettings,
): Promise<Caller> {
  if (token.length > maxTokenLength) throw unauthenticated()
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      issuer,
      audience,
      algorithms,
      requiredClaims: ['exp', 'sub'],
      clockTolerance: clockToleranceSeconds,
      currentDate: new Date(now()),
    })
    if (!isAccessToken(payload, protectedHeader.typ)) throw unauthenticated()
    return callerFromClaims(payload, claims)
  } catch (error) {
    if (error instanceof KeysUnavailable)
      throw new DomainError('service/unavailable', `${error.message} Try again in a few seconds.`)
    // Not only jose's own errors: a published key with broken parameters fails inside the platform's crypto.
    throw error instanceof DomainError ? error : unauthenticated()
  }
}

/**
 * Keycloak marks access tokens with the claim `typ: Bearer` (ID tokens `ID`, refresh tokens
 * `Refresh`, logout tokens `Logout`); RFC 9068 marks them with the header `typ: at+jwt`.
 */
function isAccessToken(payload: JWTPayload, headerType: string | undefined): boolean {
  const type = headerType?.toLowerCase().replace(/^application\//, '')
  if (payload.typ === undefined) return type === 'at+jwt'
  return payload.typ === 'Bearer' && (type === undefined || type === 'jwt' || type === 'at+jwt')
}

function unauthenticated(): DomainError {
  return new DomainError(
    'auth/unauthenticated',
    'The access token is not valid here or has expired. Sign in again and send the new one.',
  )
}
