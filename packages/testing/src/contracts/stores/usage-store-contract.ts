import { endLease, makeReady, provisionLease, termsOf } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  useStores,
} from './stores-under-test.ts'

const address = { host: '127.0.0.1', sshPort: 22, jupyterPort: null }

/** What every usage store promises; intervals are written by changes of leases and tasks. */
export function usageStoreContract(name: string, open: OpenStores): void {
  describe(`usage store: ${name}`, () => {
    const { clock, stores, someTenant } = useStores(open)

    /** A lease whose machine was ready from `from` to `to`. */
    const usedFor = async (tenantId: Parameters<typeof aNewLease>[0], from: number, to: number) => {
      const { leases } = stores()
      const by = { actor: thePlatform, claim: null }
      const queued = aNewLease(tenantId)
      await leases.admit(queued, olivia)
      const provisioning = provisionLease(queued, testNow, 1_000)
      await leases.replace(queued, provisioning, by)
      clock.set(from)
      const ready = makeReady(provisioning, address, from)
      await leases.replace(provisioning, ready, by)
      clock.set(to)
      if (to > from) await leases.replace(ready, endLease(ready, 'expired', to, 0), by)
      clock.set(testNow)
      return ready
    }

    it('lists the intervals that touch a span of time, oldest first', async () => {
      const { id } = await someTenant()
      const day = (n: number) => testNow + n * 86_400_000
      const second = await usedFor(id, day(2), day(3))
      const first = await usedFor(id, day(1), day(2))
      const open = await usedFor(id, day(4), day(4))
      const touching = async (from: number, to: number, limit = 10) =>
        (await stores().usage.list(id, from, to, limit)).map(({ holder }) => holder.id)

      expect(await touching(day(0), day(9))).toEqual([first.id, second.id, open.id])
      expect(await touching(day(0), day(9), 2)).toEqual([first.id, second.id])
      expect(await touching(day(2), day(4))).toEqual([second.id])
      expect(await touching(day(2.5), day(2.6))).toEqual([second.id])
      expect(await touching(day(8), day(9))).toEqual([open.id])
      expect(await touching(day(0), day(1))).toEqual([])
    })

    it('gives the intervals of one holder and of several, to their tenant only', async () => {
      const { id } = await someTenant()
      const [one, two] = [await usedFor(id, testNow, testNow), await usedFor(id, testNow, testNow)]
      const other = (await someTenant()).id
      const { usage } = stores()

      expect(await usage.ofHolder(id, one.id)).toHaveLength(1)
      expect(await usage.ofHolders(id, [one.id, two.id])).toHaveLength(2)
      expect(await usage.ofHolders(id, [])).toEqual([])
      expect(await usage.ofHolder(other, one.id)).toEqual([])
      expect(await usage.ofHolders(other, [one.id])).toEqual([])
    })

    it('opens another interval when the machine comes back', async () => {
      const { id } = await someTenant()
      const ready = await usedFor(id, testNow, testNow + 10)
      const stopping = endLease(ready, 'expired', testNow + 10, 0)
      const again = {
        ...termsOf(ready),
        state: 'ready' as const,
        version: stopping.version + 1,
        address,
        obstacle: null,
        expiresAt: testNow,
      }
      clock.set(testNow + 20)
      const by = { actor: thePlatform, claim: null }
      expect(await stores().leases.replace(stopping, again, by)).toBe('replaced')
      clock.set(testNow)

      const intervals = await stores().usage.ofHolder(id, ready.id)

      expect(intervals.map(({ startedAt, endedAt }) => [startedAt, endedAt])).toEqual([
        [testNow, testNow + 10],
        [testNow + 20, null],
      ])
    })
  })
}
