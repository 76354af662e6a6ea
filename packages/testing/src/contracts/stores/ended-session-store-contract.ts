import type { EndedSession } from '@leasehold/application'
import type { LeaseId, MemberId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { type OpenStores, testNow, uniqueName, useStores } from './stores-under-test.ts'

const most = 100
const later = testNow + 3_600_000

/** What every store of ended sessions promises. */
export function endedSessionStoreContract(name: string, open: OpenStores): void {
  describe(`ended sessions: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const anEnd = (facts: Partial<EndedSession> = {}): EndedSession => ({
      issuer: uniqueName('https://id.example'),
      subject: 'mia',
      sessionId: uniqueName('sid'),
      endedAt: testNow,
      ...facts,
    })

    it('are there for every reader once they are recorded', async () => {
      const one = anEnd()
      const other = anEnd({ issuer: one.issuer, subject: null })
      const third = anEnd({ issuer: one.issuer, sessionId: null })
      for (const session of [one, other, third])
        await stores().endedSessions.add(session, uniqueName('jti'), later)

      const found = await stores().endedSessions.list(one.issuer, null, most)

      expect(found).toHaveLength(3)
      for (const session of [one, other, third])
        expect(found).toContainEqual(expect.objectContaining(session))
    })

    it('are recorded once per logout token, however many bring it', async () => {
      const session = anEnd()

      const added = await Promise.all(
        Array.from({ length: 10 }, () => stores().endedSessions.add(session, 'jti', later)),
      )

      expect(added.filter((isNew) => isNew)).toHaveLength(1)
      expect(await stores().endedSessions.list(session.issuer, null, most)).toHaveLength(1)
    })

    it('end what their subject’s browsers were let in with, and nobody else’s', async () => {
      const { access, endedSessions } = stores()
      const { id: tenantId } = await someTenant()
      const [mine, theirs] = [uniqueName('person'), uniqueName('person')]
      for (const person of [mine, theirs]) {
        const memberId = person as MemberId
        const grant = { tenantId, leaseId: 'lse_x' as LeaseId, memberId, expiresAt: later }
        for (const code of ['used', 'new']) await access.storeCode(`${person} ${code}`, grant)
        await access.exchangeCode(`${person} used`, person, testNow, later)
      }
      const ends = (subject: string | null) => endedSessions.add(anEnd({ subject }), 'jti', later)
      const isIn = async (person: string) => (await access.findSession(person, testNow)) !== null

      await ends(null)
      expect(await isIn(mine)).toBe(true)
      await ends(mine)

      expect([await isIn(mine), await isIn(theirs)]).toEqual([false, true])
      const [late, other] = [mine, theirs].map((person) =>
        access.exchangeCode(`${person} new`, uniqueName('session'), testNow, later),
      )
      expect(await late).toBeNull()
      expect(await other).not.toBeNull()
    })

    it('of another issuer are not told, and take no token from this one', async () => {
      const [mine, theirs] = [anEnd(), anEnd()]

      expect(await stores().endedSessions.add(theirs, 'jti', later)).toBe(true)
      expect(await stores().endedSessions.add(mine, 'jti', later)).toBe(true)

      expect(await stores().endedSessions.list(mine.issuer, null, most)).toEqual([
        { ...mine, recordedAt: expect.any(Number) },
      ])
    })

    it('are told from a time on, the newest first, and not more than are wanted', async () => {
      const { issuer } = anEnd()
      for (const sessionId of ['a', 'b', 'c'])
        await stores().endedSessions.add(anEnd({ issuer, sessionId }), sessionId, later)
      const all = await stores().endedSessions.list(issuer, null, most)
      const newest = all[0]?.recordedAt ?? 0

      const times = all.map(({ recordedAt }) => recordedAt)
      expect(times).toEqual(times.toSorted((left, right) => right - left))
      expect(await stores().endedSessions.list(issuer, newest + 1, most)).toEqual([])
      expect(await stores().endedSessions.list(issuer, newest, most)).toContainEqual(all[0])
      expect(await stores().endedSessions.list(issuer, null, 2)).toHaveLength(2)
    })

    it('are forgotten when their time is over', async () => {
      const { endedSessions } = stores()
      const [over, alive] = [anEnd(), anEnd()]
      await endedSessions.prune(later * 2)
      await endedSessions.add(over, 'jti', testNow)
      await endedSessions.add(alive, 'jti', testNow + 1)

      expect(await endedSessions.prune(testNow)).toBe(1)

      expect(await endedSessions.list(over.issuer, null, most)).toEqual([])
      expect(await endedSessions.list(alive.issuer, null, most)).toHaveLength(1)
    })
  })
}
