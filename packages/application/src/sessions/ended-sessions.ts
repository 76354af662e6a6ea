import type { Instant } from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { EndedSession, EndedSessionStore, LogoutNotice } from '../ports/ended-sessions.ts'
import { remember } from '../remembered.ts'

/** What a token says of its sign-in. */
export type TokenSession = {
  readonly subject: string
  /** Null: the token belongs to no session, as those of service accounts. */
  readonly sessionId: string | null
  readonly issuedAt: Instant
}

/** The ended sessions of one issuer, as one process knows them. */
export type EndedSessions = {
  /** Whether a token is of a session that is over. What is said is never older than `mostAgeMs`. */
  isEnded(session: TokenSession): Promise<boolean>
  /** Records one, and knows it at once. `false`: its logout token was used before. */
  end(notice: LogoutNotice): Promise<boolean>
}

export type EndedSessionsDeps = {
  readonly endedSessions: Pick<EndedSessionStore, 'add' | 'list'>
  readonly clock: Clock
  readonly issuer: string
}

/** No access token lives longer than this; Keycloak's live five minutes. */
export const endedSessionKeepMs = 86_400_000

const readAgainMs = 500
const mostAgeMs = 1_000
/** A record becomes visible when its transaction ends, which is later than it says. */
const overlapMs = 30_000
const mostKnown = 200_000

/**
 * Keeps ended sessions in memory and reads the new ones while it is asked: at most one statement in half a
 * second, however many callers there are, and none when there are none. Only who comes after a pause waits
 * for it. Rejects when they cannot be read: nobody can say then who is still signed in.
 */
export function makeEndedSessions({
  endedSessions,
  clock,
  issuer,
}: EndedSessionsDeps): EndedSessions {
  const known = new Map<string, Instant>()
  let readAt: Instant | null = null
  let newest: Instant | null = null
  let reading: Promise<void> | null = null

  const note = (session: EndedSession) => {
    const key = keyOf(session)
    if (key === null) return
    remember(known, key, Math.max(session.endedAt, known.get(key) ?? 0), mostKnown)
  }
  const read = async () => {
    const startedAt = clock.now()
    const since = newest === null ? null : newest - overlapMs
    const found = await endedSessions.list(issuer, since, mostKnown)
    newest = found[0]?.recordedAt ?? newest
    for (const session of found.toReversed()) note(session)
    forgetOld(known, startedAt)
    readAt = startedAt
  }
  const readOnce = () => {
    reading ??= read().finally(() => {
      reading = null
    })
    return reading
  }
  const beFresh = async () => {
    const age = readAt === null ? Number.POSITIVE_INFINITY : Math.abs(clock.now() - readAt)
    if (age >= mostAgeMs) await readOnce()
    // Whoever needs it later waits for it then, and is told when it fails.
    else if (age >= readAgainMs) readOnce().catch(() => {})
  }

  return {
    async isEnded(token) {
      await beFresh()
      const ofSession = token.sessionId === null ? undefined : known.get(`sid ${token.sessionId}`)
      const ends = [ofSession, known.get(`sub ${token.subject}`)]
      return ends.some((endedAt) => endedAt !== undefined && token.issuedAt <= endedAt)
    },
    async end({ session, tokenId }) {
      const isNew = await endedSessions.add(session, tokenId, session.endedAt + endedSessionKeepMs)
      if (isNew) note(session)
      return isNew
    },
  }
}

function keyOf({ sessionId, subject }: EndedSession): string | null {
  if (sessionId !== null) return `sid ${sessionId}`
  return subject === null ? null : `sub ${subject}`
}

/** In the order of noting, which is close enough to that of ending: the rest goes with the next read. */
function forgetOld(known: Map<string, Instant>, now: Instant): void {
  for (const [key, endedAt] of known) {
    if (endedAt + endedSessionKeepMs > now) return
    known.delete(key)
  }
}
