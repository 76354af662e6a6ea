import type { AccessGrant } from '@leasehold/application'
import type { LeaseId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { type OpenStores, testNow, uniqueName, useStores } from './stores-under-test.ts'

/** What every store of access codes and sessions promises. */
export function accessStoreContract(name: string, open: OpenStores): void {
  describe(`access store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const aGrant = async (facts: Partial<AccessGrant> = {}): Promise<AccessGrant> => ({
      tenantId: (await someTenant()).id,
      leaseId: uniqueName('lse') as LeaseId,
      memberId: 'olivia' as never,
      expiresAt: testNow + 60_000,
      ...facts,
    })
    const later = testNow + 3_600_000

    it('exchanges a code for a session once, however many try', async () => {
      const grant = await aGrant()
      const code = uniqueName('code')
      await stores().access.storeCode(code, grant)

      const sessions = Array.from({ length: 10 }, () => uniqueName('session'))
      const granted = await Promise.all(
        sessions.map((session) => stores().access.exchangeCode(code, session, testNow, later)),
      )

      expect(granted.filter((one) => one !== null)).toEqual([{ ...grant, expiresAt: later }])
      const winner = sessions[granted.findIndex((one) => one !== null)] ?? ''
      const found = await Promise.all(
        sessions.map((session) => stores().access.findSession(session, testNow)),
      )
      expect(found.filter((one) => one !== null)).toHaveLength(1)
      expect(await stores().access.findSession(winner, later)).toBeNull()
    })

    it('refuses a code that is unknown or too old', async () => {
      const code = uniqueName('code')
      await stores().access.storeCode(code, await aGrant({ expiresAt: testNow }))

      expect(await stores().access.exchangeCode(code, 'session', testNow, later)).toBeNull()
      expect(await stores().access.exchangeCode('none', 'session', testNow, later)).toBeNull()
    })

    it('ends codes and sessions of a lease, and of no other', async () => {
      const [grant, other] = [await aGrant(), await aGrant()]
      const { access } = stores()
      const [code, session, theirs] = [uniqueName('c'), uniqueName('s'), uniqueName('s')]
      for (const [owner, name] of [
        [grant, session],
        [other, theirs],
      ] as const) {
        await access.storeCode(`${name} code`, owner)
        await access.exchangeCode(`${name} code`, name, testNow, later)
      }
      await access.storeCode(code, grant)

      await access.revokeLease(grant.leaseId)

      expect(await access.findSession(session, testNow)).toBeNull()
      expect(await access.exchangeCode(code, uniqueName('s'), testNow, later)).toBeNull()
      expect(await access.findSession(theirs, testNow)).toEqual({ ...other, expiresAt: later })
    })

    it('forgets what has expired', async () => {
      const { access } = stores()
      await access.prune(later * 2)
      await access.storeCode(uniqueName('c'), await aGrant({ expiresAt: testNow - 1 }))
      await access.storeCode(uniqueName('c'), await aGrant({ expiresAt: later }))

      expect(await access.prune(testNow)).toBe(1)
      expect(await access.prune(testNow)).toBe(0)
    })
  })
}
