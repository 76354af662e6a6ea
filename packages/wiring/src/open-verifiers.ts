import {
  type EndedSessions,
  type Log,
  type LogoutTokenVerifier,
  makeEndedSessions,
  type TokenVerifier,
} from '@leasehold/application'
import type { Database } from '@leasehold/db'
import {
  type ClaimNames,
  makeIssuerKeys,
  makeLogoutTokenVerifier,
  makeTokenVerifier,
} from '@leasehold/identity'

/** Who issues tokens, and for whom. */
export type VerifierSource = {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
  readonly claims?: ClaimNames
  /** Clients whose sign-ins are ended by logout tokens; none when absent. */
  readonly logoutClients?: readonly string[]
}

export type Verifiers = {
  readonly tokens: TokenVerifier
  readonly logoutTokens: LogoutTokenVerifier
  readonly sessions: EndedSessions
}

/** Both kinds of token are signed by the same keys; the one ends what the other lets in. */
export function openVerifiers(
  source: VerifierSource,
  { endedSessions }: Pick<Database, 'endedSessions'>,
  now: () => number,
  log: Log,
): Verifiers {
  const { issuer, jwksUrl, logoutClients: clients = [] } = source
  const keys = makeIssuerKeys({ jwksUrl, now, log })
  const sessions = makeEndedSessions({ endedSessions, clock: { now }, issuer })
  return {
    tokens: makeTokenVerifier({ ...source, keys, sessions, now, log }),
    logoutTokens: makeLogoutTokenVerifier({ issuer, clients, keys, now }),
    sessions,
  }
}
