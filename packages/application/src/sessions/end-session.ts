import { DomainError } from '@leasehold/domain'
import type { LogoutTokenVerifier } from '../ports/ended-sessions.ts'
import type { EndedSessions } from './ended-sessions.ts'

export type EndSessionDeps = {
  readonly logoutTokens: LogoutTokenVerifier
  readonly sessions: Pick<EndedSessions, 'end'>
}
/** Takes a logout token of the issuer; its session's access tokens are refused from now on. */
export type EndSession = (logoutToken: string) => Promise<void>

/** Throws `request/invalid` for a token that is none, or was used before: the same words for both. */
export function makeEndSession({ logoutTokens, sessions }: EndSessionDeps): EndSession {
  return async (logoutToken) => {
    const notice = await logoutTokens.verify(logoutToken)
    if (!(await sessions.end(notice))) throw logoutRefused()
  }
}

/** Says nothing of which check failed. */
export function logoutRefused(): DomainError {
  return new DomainError(
    'request/invalid',
    'This is no logout token that ends a session here. The identity provider sends a new one for each session.',
  )
}
