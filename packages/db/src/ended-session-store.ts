import type { EndedSessionStore, RecordedEndedSession } from '@leasehold/application'
import { isoOf } from './rows/times.ts'
import type { StoreDeps } from './store-deps.ts'

type Row = {
  readonly issuer: string
  readonly subject: string | null
  readonly sessionId: string | null
  readonly endedAt: Date
  readonly recordedAt: Date
}

/** Ended sessions of the issuer. They belong to people, not to a tenant. */
export function makeEndedSessionStore({ prisma, query }: StoreDeps): EndedSessionStore {
  return {
    async add({ issuer, subject, sessionId, endedAt }, tokenId, keepUntil) {
      // The database's own clock: replicas read on from what the others recorded.
      const rows = await query(
        'ended-session-add',
        `WITH added AS (
           INSERT INTO ended_sessions (issuer, token_id, subject, session_id, ended_at, keep_until, recorded_at)
           VALUES ($1, $2, $3, $4, $5, $6, clock_timestamp())
           ON CONFLICT (issuer, token_id) DO NOTHING RETURNING subject
         ), codes AS (
           DELETE FROM access_codes WHERE member_id IN (SELECT subject FROM added)
         ), browsers AS (
           DELETE FROM access_sessions WHERE member_id IN (SELECT subject FROM added)
         )
         SELECT 1 FROM added`,
        [issuer, tokenId, subject, sessionId, isoOf(endedAt), isoOf(keepUntil)],
      )
      return rows.length === 1
    },

    async list(issuer, since, most) {
      const rows = await query<Row>(
        'ended-session-list',
        `SELECT issuer, subject, session_id AS "sessionId", ended_at AS "endedAt",
           recorded_at AS "recordedAt"
         FROM ended_sessions WHERE issuer = $1 AND recorded_at >= $2
         ORDER BY recorded_at DESC LIMIT $3`,
        [issuer, isoOf(since ?? 0), most],
      )
      return rows.map(sessionFromRow)
    },

    async prune(now) {
      const { count } = await prisma.endedSession.deleteMany({
        where: { keepUntil: { lte: new Date(now) } },
      })
      return count
    },
  }
}

function sessionFromRow({ endedAt, recordedAt, ...row }: Row): RecordedEndedSession {
  return { ...row, endedAt: endedAt.getTime(), recordedAt: recordedAt.getTime() }
}
