import type { EndedSessions, Log, TokenSession, TokenVerifier } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { decodeJwt, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import { type ClaimNames, callerFromClaims, keycloakClaimNames } from './caller-from-claims.ts'
import { type KeyTimes, makeIssuerKeys } from './issuer-keys.ts'
import { makeKnownTokens, type VerifiedToken } from './known-tokens.ts'
import {
  algorithms,
  clockToleranceSeconds,
  headerTypeOf,
  keysMissing,
  maxTokenLength,
} from './signed-tokens.ts'

const knownTokens = 10_000
const knownTokenMs = 60_000

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
  /** Shared with who else verifies tokens of this issuer; keys of its own when absent. */
  readonly keys?: JWTVerifyGetKey
  /** Which sign-ins are over; when absent every token is good until it expires. */
  readonly sessions?: Pick<EndedSessions, 'isEnded'>
}

/**
 * Verifies access tokens of one issuer (RFC 7519, RFC 9068, Keycloak's `typ`). A token that was
 * verified is known for up to a minute and costs one hash; whether its session is over is looked at each time. Throws
 * `auth/unauthenticated` for a bad token, without saying to its bearer which check failed, and `service/unavailable`
 * when the issuer's keys cannot be had.
 */
export function makeTokenVerifier(settings: TokenVerifierSettings): TokenVerifier {
  const { now, log, jwksUrl, sessions } = settings
  const keys = settings.keys ?? makeIssuerKeys({ jwksUrl, now, log, times: settings.keyTimes })
  const known = makeKnownTokens(knownTokens, knownTokenMs)
  return {
    verify: async (token) => {
      const found = known.find(token, now())
      const verified = found ?? (await verifyToken(token, keys, settings))
      if (found === null) known.remember(token, verified, now())
      if ((await sessions?.isEnded(verified.session)) === true) throw signedOut()
      return verified.caller
    },
    async isOver(token) {
      // It was verified when it was let in, and may have expired since.
      const { session } = readClaims(decodeJwt(token), settings)
      return (await sessions?.isEnded(session)) === true
    },
  }
}

async function verifyToken(
  token: string,
  keys: JWTVerifyGetKey,
  settings: TokenVerifierSettings,
): Promise<VerifiedToken> {
  const { issuer, audience, now } = settings
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
    return readClaims(payload, settings)
  } catch (error) {
    throw keysMissing(error) ?? (error instanceof DomainError ? error : unauthenticated())
  }
}

function readClaims(
  payload: JWTPayload,
  { claims = keycloakClaimNames }: TokenVerifierSettings,
): VerifiedToken {
  const caller = callerFromClaims(payload, claims)
  return { caller, session: sessionOf(payload, caller.subject) }
}

/**
 * Keycloak marks access tokens with the claim `typ: Bearer` (ID tokens `ID`, refresh tokens
 * `Refresh`, logout tokens `Logout`); RFC 9068 marks them with the header `typ: at+jwt`.
 */
function isAccessToken(payload: JWTPayload, headerType: string | undefined): boolean {
  const type = headerTypeOf(headerType)
  if (payload.typ === undefined) return type === 'at+jwt'
  return payload.typ === 'Bearer' && (type === undefined || type === 'jwt' || type === 'at+jwt')
}

/** A token that does not say when it was issued is as old as can be: any end of its session is its end. */
function sessionOf({ sid, iat }: JWTPayload, subject: string): TokenSession {
  const sessionId = typeof sid === 'string' && sid !== '' ? sid : null
  return { subject, sessionId, issuedAt: (iat ?? 0) * 1_000 }
}

function signedOut(): DomainError {
  return new DomainError(
    'auth/unauthenticated',
    'The sign-in of this access token has been ended. Sign in again and send the new one.',
  )
}

function unauthenticated(): DomainError {
  return new DomainError(
    'auth/unauthenticated',
    'The access token is not valid here or has expired. Sign in again and send the new one.',
  )
}
