import type { Instant } from '@leasehold/domain'

/** A sign-in that its issuer has declared over. */
export type EndedSession = {
  /** `iss` of the tokens it was about. */
  readonly issuer: string
  /** Whose it was; null: the issuer named the session only. */
  readonly subject: string | null
  /** `sid` of its tokens; null: every session of the subject. */
  readonly sessionId: string | null
  /** Tokens issued until then are refused, later ones are not: the issuer stands for those. */
  readonly endedAt: Instant
}

export type RecordedEndedSession = EndedSession & {
  /** By the clock of the store. */
  readonly recordedAt: Instant
}

/** Sessions that are over, for as long as a token of theirs may be alive. */
export interface EndedSessionStore {
  /**
   * `false`, and nothing is changed, when a logout token of this issuer with this id was recorded before. In the same
   * step, every code and session by which its subject's browsers reach machines ends; those of others do not.
   */
  add(session: EndedSession, tokenId: string, keepUntil: Instant): Promise<boolean>
  /** Those of one issuer that were recorded at or after `since`, all of them for null; the newest first, at most `most`. */
  list(
    issuer: string,
    since: Instant | null,
    most: number,
  ): Promise<readonly RecordedEndedSession[]>
  /** Removes those whose time is over; returns how many. */
  prune(now: Instant): Promise<number>
}

/** What a logout token (OpenID Connect Back-Channel Logout 1.0) says. */
export type LogoutNotice = { readonly session: EndedSession; readonly tokenId: string }

/**
 * Verifies logout tokens. Throws `request/invalid` for whatever is wrong with one, without saying what, and
 * `service/unavailable` when the issuer's keys cannot be had.
 */
export interface LogoutTokenVerifier {
  verify(token: string): Promise<LogoutNotice>
}
