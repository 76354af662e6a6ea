import { type LogoutNotice, type LogoutTokenVerifier, logoutRefused } from '@leasehold/application'
import { type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import {
  algorithms,
  clockToleranceSeconds,
  headerTypeOf,
  keysMissing,
  maxTokenLength,
} from './signed-tokens.ts'

/** OpenID Connect Back-Channel Logout 1.0 §2.4. */
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'
/** The issuer sends it at once; what is older was kept by somebody. */
const maxAgeSeconds = 120
const maxIdLength = 255

export type LogoutTokenVerifierSettings = {
  /** Exactly the `iss` of the tokens. */
  readonly issuer: string
  /** Clients of the issuer whose sign-ins count here: one of them is the `aud`. */
  readonly clients: readonly string[]
  readonly keys: JWTVerifyGetKey
  /** Milliseconds since the epoch. */
  readonly now: () => number
}

/** Verifies logout tokens as OpenID Connect Back-Channel Logout 1.0 §2.6 says. */
export function makeLogoutTokenVerifier(
  settings: LogoutTokenVerifierSettings,
): LogoutTokenVerifier {
  const { issuer, clients, keys, now } = settings
  return {
    async verify(token) {
      if (token.length > maxTokenLength) throw logoutRefused()
      try {
        const { payload, protectedHeader } = await jwtVerify(token, keys, {
          issuer,
          audience: [...clients],
          algorithms,
          requiredClaims: ['iat', 'jti'],
          maxTokenAge: maxAgeSeconds,
          clockTolerance: clockToleranceSeconds,
          currentDate: new Date(now()),
        })
        const notice = isLogoutToken(payload, protectedHeader.typ)
          ? noticeOf(payload, issuer)
          : null
        if (notice !== null) return notice
      } catch (error) {
        throw keysMissing(error) ?? logoutRefused()
      }
      throw logoutRefused()
    },
  }
}

/** Keycloak marks them with the claim `typ: Logout`, the specification with the header `typ: logout+jwt`. */
function isLogoutToken(payload: JWTPayload, headerType: string | undefined): boolean {
  const type = headerTypeOf(headerType)
  const isMarked = type === 'logout+jwt' || (payload.typ === 'Logout' && (type ?? 'jwt') === 'jwt')
  const isNothingElse = payload.typ === undefined || payload.typ === 'Logout'
  return isMarked && isNothingElse && !('nonce' in payload) && hasLogoutEvent(payload.events)
}

function hasLogoutEvent(events: unknown): boolean {
  if (typeof events !== 'object' || events === null || !Object.hasOwn(events, logoutEvent))
    return false
  const event = (events as Record<string, unknown>)[logoutEvent]
  return typeof event === 'object' && event !== null && !Array.isArray(event)
}

/** Null when it names neither a session nor a subject. */
function noticeOf({ jti, sub, sid, iat }: JWTPayload, issuer: string): LogoutNotice | null {
  const [tokenId, subject, sessionId] = [idOf(jti), idOf(sub), idOf(sid)]
  if (tokenId === null || (subject === null && sessionId === null)) return null
  if ((sub !== undefined && subject === null) || (sid !== undefined && sessionId === null))
    return null
  return { tokenId, session: { issuer, subject, sessionId, endedAt: (iat ?? 0) * 1_000 } }
}

function idOf(value: unknown): string | null {
  if (typeof value !== 'string' || value === '' || value.length > maxIdLength) return null
  return /\p{Cc}/u.test(value) ? null : value
}
