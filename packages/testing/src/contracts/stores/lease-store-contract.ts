import type { Page, PageRequest } from '@leasehold/application'
import type { Lease, LeaseId, PoolName, Queued, TenantId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aLease } from '../../builders/a-lease.ts'
import { leaseAdmissionContract } from './lease-admission-contract.ts'
import { leaseChangeContract } from './lease-change-contract.ts'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  uniqueName,
  useStores,
} from './stores-under-test.ts'

/** What every lease store promises. Run it against the fake and against the database. */
export function leaseStoreContract(name: string, open: OpenStores): void {
  leaseAdmissionContract(name, open)
  leaseChangeContract(name, open)
  leaseReadingContract(name, open)
}

function leaseReadingContract(name: string, open: OpenStores): void {
  describe(`lease reading: ${name}`, () => {
    const { stores, someTenant } = useStores(open)
    const admit = async (lease: Queued) => {
      await stores().leases.admit(lease, olivia)
      return lease
    }
    const release = async (lease: Queued) => {
      const released: Lease = {
        ...aLease.released(),
        ...lease,
        state: 'released',
        version: lease.version + 1,
      }
      await stores().leases.replace(lease, released, { actor: olivia, claim: null })
    }

    it('answers for another tenant exactly as for a lease that never was', async () => {
      const [mine, theirs] = [await someTenant(), await someTenant()]
      const lease = await admit(aNewLease(theirs.id))

      expect(await stores().leases.find(mine.id, lease.id)).toBeNull()
      expect(await stores().leases.find(mine.id, 'lse_none' as LeaseId)).toBeNull()
      expect(await stores().leases.events(mine.id, lease.id, 0, 10)).toEqual([])
    })

    it('lists the newest first, page by page, each once', async () => {
      const tenant = await someTenant()
      const ids: LeaseId[] = []
      // Two of the same millisecond: the order must still be one.
      for (const at of [1, 2, 2, 3, 4])
        ids.unshift((await admit(aNewLease(tenant.id, { createdAt: testNow + at }))).id)

      const seen = await everyPage(2, (page) => stores().leases.list(tenant.id, {}, page))

      expect(seen.map(({ id }) => id).sort()).toEqual([...ids].sort())
      expect(seen.map(({ createdAt }) => createdAt - testNow)).toEqual([4, 3, 2, 2, 1])
    })

    it('lists by state and by label', async () => {
      const tenant = await someTenant()
      const red = await admit(aNewLease(tenant.id, { labels: { team: 'red', use: 'train' } }))
      const blue = await admit(aNewLease(tenant.id, { labels: { team: 'blue', use: 'train' } }))
      await release(blue)
      const idsOf = async (filter: Parameters<ReturnType<typeof stores>['leases']['list']>[1]) => {
        const page = await stores().leases.list(tenant.id, filter, { limit: 10, cursor: null })
        return page.items.map(({ id }) => id)
      }

      expect(await idsOf({ states: ['queued'] })).toEqual([red.id])
      expect(await idsOf({ states: ['released', 'failed'] })).toEqual([blue.id])
      expect(await idsOf({ labels: { team: 'blue' } })).toEqual([blue.id])
      expect(await idsOf({ labels: { use: 'train', team: 'red' }, states: ['queued'] })).toEqual([
        red.id,
      ])
      expect(await idsOf({ labels: { team: 'green' } })).toEqual([])
      expect(await idsOf({ states: [] })).toEqual([])
    })

    it('refuses a broken cursor and one of another tenant', async () => {
      const [mine, theirs] = [await someTenant(), await someTenant()]
      for (let i = 0; i < 2; i++) await admit(aNewLease(theirs.id))
      const { next } = await stores().leases.list(theirs.id, {}, { limit: 1, cursor: null })

      for (const cursor of [next, 'nonsense', '', '\u0000'])
        await expect(stores().leases.list(mine.id, {}, { limit: 1, cursor })).rejects.toMatchObject(
          { code: 'cursor/invalid' },
        )
    })

    it('gives the history after a place in it, in order', async () => {
      const tenant = await someTenant()
      const lease = await admit(aNewLease(tenant.id))
      await release(lease)

      const events = await stores().leases.events(tenant.id, lease.id, 1, 10)
      const first = await stores().leases.events(tenant.id, lease.id, 0, 1)

      expect(events.map(({ seq, state }) => [seq, state])).toEqual([
        [2, 'queued'],
        [3, 'released'],
      ])
      expect(first.map(({ seq }) => seq)).toEqual([1])
    })

    it('gives the queue of one pool, oldest first, and notes why they wait', async () => {
      const tenant = await someTenant()
      const pool = uniqueName('pool') as PoolName
      const young = await admit(aNewLease(tenant.id, { pool, enteredStateAt: testNow + 2 }))
      const old = await admit(aNewLease(tenant.id, { pool, enteredStateAt: testNow + 1 }))
      await release(await admit(aNewLease(tenant.id, { pool })))

      await stores().leases.noteWaiting(young.id, 'vcpu in the pool')

      expect(await stores().leases.queuedIn(pool, 10)).toEqual([
        old,
        { ...young, waitingFor: 'vcpu in the pool' },
      ])
      expect(await stores().leases.queuedIn(pool, 1)).toEqual([old])
    })

    it('sums up what the leases of one pool occupy', async () => {
      const tenant = await someTenant()
      const pool = uniqueName('pool') as PoolName
      const lease = await admit(aNewLease(tenant.id, { pool }))
      const other = await admit(aNewLease(tenant.id, { pool }))
      const facts = { pool, tenantId: tenant.id }
      await stores().leases.replace(lease, aLease.provisioning({ ...facts, id: lease.id }), {
        actor: thePlatform,
        claim: null,
      })

      expect(await stores().leases.occupiedIn(pool)).toEqual({
        vcpu: 1,
        'memory-mib': 1_024,
        'disk-gib': 4,
      })
      expect(await stores().leases.occupiedIn(uniqueName('pool') as PoolName)).toEqual({})
      expect(other.generation).toBe(0)
    })

    it('tells which leases of one pool have a place and no ready machine yet', async () => {
      const tenant = await someTenant()
      const pool = uniqueName('pool') as PoolName
      const lease = await admit(aNewLease(tenant.id, { pool }))
      await admit(aNewLease(tenant.id, { pool }))
      expect(await stores().leases.placingIn(pool)).toEqual([])

      const facts = { pool, tenantId: tenant.id, id: lease.id }
      const placed = aLease.provisioning(facts)
      const by = { actor: thePlatform, claim: null }
      await stores().leases.replace(lease, placed, by)

      const { id, tenantId, machineType, shape } = placed
      expect(await stores().leases.placingIn(pool)).toEqual([{ id, tenantId, machineType, shape }])
      await stores().leases.replace(placed, aLease.ready(facts), by)
      expect(await stores().leases.placingIn(pool)).toEqual([])
    })

    it('keeps what is in the way of a machine, and says so in the history', async () => {
      const tenant = await someTenant()
      const lease = await admit(aNewLease(tenant.id))
      const { leases } = stores()
      const facts = { id: lease.id, tenantId: tenant.id }
      const obstacle = {
        code: 'no-room',
        detail: 'full',
        since: testNow,
        notedAt: testNow,
      } as const
      const noted = aLease.provisioning({ ...facts, obstacle })
      const by = { actor: thePlatform, claim: null, reason: obstacle.code, detail: obstacle.detail }

      expect(await leases.replace(lease, noted, by)).toBe('replaced')
      expect(await leases.find(tenant.id, lease.id)).toEqual(noted)
      const ended = aLease.failed({ ...facts, version: 3, reasonDetail: 'no-room: full' })
      await leases.replace(noted, ended, { actor: thePlatform, claim: null })

      expect(await leases.findAnyTenant(lease.id)).toEqual(ended)
      expect(await leases.events(tenant.id, lease.id, 2, 9)).toMatchObject([
        { state: 'provisioning', reason: 'no-room', detail: 'full' },
        { state: 'failed', reason: 'boot-timed-out' },
      ])
    })

    it('knows which leases still live', async () => {
      const tenant = await someTenant()
      const lives = await admit(aNewLease(tenant.id))
      const ended = await admit(aNewLease(tenant.id))
      await release(ended)

      const living = await stores().leases.living([lives.id, ended.id, 'lse_none' as LeaseId])

      expect([...living]).toEqual([lives.id])
      expect([...(await stores().leases.living([]))]).toEqual([])
    })

    it('finds what is not there to be null, and does nothing to it', async () => {
      const none = uniqueName('lse') as LeaseId

      await stores().leases.noteWaiting(none, 'nothing')
      await stores().leases.unclaim(none, 'token', testNow)

      expect(await stores().leases.claim(none, 'token', testNow, testNow + 1)).toBeNull()
      expect(await stores().leases.findAnyTenant(none)).toBeNull()
      expect(
        (await stores().leases.list('ten_none' as TenantId, {}, { limit: 5, cursor: null })).items,
      ).toEqual([])
    })
  })
}

/** All items of a list, `limit` at a time. */
export async function everyPage<Item>(
  limit: number,
  list: (page: PageRequest) => Promise<Page<Item>>,
): Promise<Item[]> {
  const items: Item[] = []
  let cursor: string | null = null
  do {
    const page: Page<Item> = await list({ limit, cursor })
    expect(page.items.length).toBeLessThanOrEqual(limit)
    items.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  return items
}
