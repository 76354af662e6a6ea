import type { EndedSessionStore } from '@leasehold/application'
import type { Memory } from './memory.ts'

export function fakeEndedSessionStore({
  endedSessions,
  codes,
  sessions,
  clock,
}: Memory): EndedSessionStore {
  return {
    async add(session, tokenId, keepUntil) {
      const key = `${session.issuer} ${tokenId}`
      if (endedSessions.has(key)) return false
      endedSessions.set(key, { ...session, recordedAt: clock.now(), keepUntil })
      for (const grants of [codes, sessions])
        for (const [hash, { memberId }] of grants)
          if (memberId === session.subject) grants.delete(hash)
      return true
    },
    async list(issuer, since, most) {
      return [...endedSessions.values()]
        .filter((one) => one.issuer === issuer && one.recordedAt >= (since ?? 0))
        .sort((left, right) => right.recordedAt - left.recordedAt)
        .slice(0, most)
        .map(({ keepUntil: _keepUntil, ...session }) => session)
    },
    async prune(now) {
      let removed = 0
      for (const [key, { keepUntil }] of endedSessions)
        if (keepUntil <= now && endedSessions.delete(key)) removed++
      return removed
    },
  }
}
