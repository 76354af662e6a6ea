import {
  endLease,
  type Lease,
  type LeaseId,
  makeReady,
  type PoolName,
  provisionLease,
  type Ready,
  type Stopped,
  termsOf,
} from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  uniqueName,
  useStores,
} from './stores-under-test.ts'

const address = { host: '127.0.0.1', sshPort: 2_222, jupyterPort: null }
const many = 1_000

/** What every lease store promises about leases whose machines should stay as they are. */
export function leaseStandingContract(name: string, open: OpenStores): void {
  describe(`standing leases: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const change = async <Next extends Lease>(previous: Lease, next: Next): Promise<Next> => {
      const by = { actor: thePlatform, claim: null }
      expect(await stores().leases.replace(previous, next, by)).toBe('replaced')
      return next
    }
    const readyIn = async (pool: PoolName, id = uniqueName('lse') as LeaseId): Promise<Ready> => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id, { pool, id })
      await stores().leases.admit(lease, olivia)
      const provisioning = await change(lease, provisionLease(lease, testNow, 1_000))
      return change(provisioning, makeReady(provisioning, address, testNow))
    }
    const stop = (lease: Ready): Promise<Stopped> =>
      change(lease, {
        ...termsOf(lease),
        version: lease.version + 1,
        state: 'stopped',
        reason: 'stopped-by-tenant',
        reasonDetail: null,
        keepUntil: testNow + 9,
      })

    it('are those that are ready or stopped, in this pool', async () => {
      const pool = uniqueName('pool') as PoolName
      const ready = await readyIn(pool)
      const stopped = await stop(await readyIn(pool))
      const leaving = await readyIn(pool)
      await change(leaving, endLease(leaving, 'released-by-tenant', testNow, 1_000))
      await stores().leases.admit(aNewLease((await someTenant()).id, { pool }), olivia)
      await readyIn(uniqueName('pool') as PoolName)

      const standing = await stores().leases.standingIn(pool, null, many)

      const expected = [
        { id: ready.id, state: 'ready', generation: 1 },
        { id: stopped.id, state: 'stopped', generation: 1 },
      ]
      expect(standing).toHaveLength(2)
      expect(standing).toEqual(expect.arrayContaining(expected))
    })

    it('come in pages, each once, in the order of their bytes', async () => {
      const pool = uniqueName('pool') as PoolName
      const unique = uniqueName('')
      const ids = ['Z', 'a', 'B', 'z', '_'].map((end) => `lse${unique}${end}` as LeaseId)
      for (const id of ids) await readyIn(pool, id)

      const found: LeaseId[] = []
      for (let after: LeaseId | null = null; ; ) {
        const page = await stores().leases.standingIn(pool, after, 2)
        found.push(...page.map(({ id }) => id))
        after = page.at(-1)?.id ?? null
        if (after === null) break
      }

      expect(found).toEqual([...ids].sort())
    })
  })
}
