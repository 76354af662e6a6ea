import { type LeaseId, leaseHolds, type TenantId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aShape } from '../../builders/a-shape.ts'
import { someLimits } from '../../builders/a-tenant.ts'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  uniqueName,
  usedBy,
  useStores,
} from './stores-under-test.ts'

/** What every lease store promises about taking leases in. */
export function leaseAdmissionContract(name: string, open: OpenStores): void {
  describe(`lease admission: ${name}`, () => {
    const { stores, someTenant } = useStores(open)

    it('stores the lease and takes what it holds from the quota', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id, { labels: { team: 'vision' } })

      const admission = await stores().leases.admit(lease, olivia)

      expect(admission).toEqual({ kind: 'admitted', lease })
      expect(await stores().leases.find(tenant.id, lease.id)).toEqual(lease)
      expect(await usedBy(stores(), tenant.id)).toEqual(leaseHolds(lease))
    })

    it('begins the history with requested and queued', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id)
      await stores().leases.admit(lease, olivia)

      const events = await stores().leases.events(tenant.id, lease.id, 0, 10)

      const facts = { at: testNow, actor: olivia, reason: null, detail: null }
      expect(events).toEqual([
        { seq: 1, state: 'requested', ...facts },
        { seq: 2, state: 'queued', ...facts },
      ])
    })

    it('refuses what does not fit, with the numbers of the first resource by name, and stores nothing', async () => {
      const tenant = await someTenant(someLimits({ vcpu: 3, 'memory-mib': 1_536 }))
      await stores().leases.admit(aNewLease(tenant.id), olivia)
      const before = await usedBy(stores(), tenant.id)
      const lease = aNewLease(tenant.id)

      const admission = await stores().leases.admit(lease, olivia)

      expect(admission).toEqual({
        kind: 'refused',
        shortage: { resource: 'memory-mib', limit: 1_536, used: 1_024, asked: 1_024, free: 512 },
      })
      expect(await stores().leases.findAnyTenant(lease.id)).toBeNull()
      expect(await usedBy(stores(), tenant.id)).toEqual(before)
    })

    it('takes a resource without a limit for one of which nothing may be used', async () => {
      const tenant = await someTenant()
      const gpus = [{ type: 'h100-80gb' as never, count: 2 }]

      const admission = await stores().leases.admit(
        aNewLease(tenant.id, { shape: aShape({ gpus }) }),
        olivia,
      )

      expect(admission).toEqual({
        kind: 'refused',
        shortage: { resource: 'gpu/h100-80gb', limit: 0, used: 0, asked: 2, free: 0 },
      })
    })

    it('takes nothing in for a suspended tenant', async () => {
      const tenant = await someTenant(someLimits(), { suspended: true })

      expect(await stores().leases.admit(aNewLease(tenant.id), olivia)).toEqual({
        kind: 'tenant-suspended',
      })
    })

    it('gives back the lease as it is when it was admitted before', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id)
      await stores().leases.admit(lease, olivia)
      const moved = { ...lease, version: 2, queueDeadlineAt: testNow + 5 }
      await stores().leases.replace(lease, moved, { actor: olivia, claim: null })

      const again = await stores().leases.admit(lease, olivia)

      expect(again).toEqual({ kind: 'admitted', lease: moved })
      expect(await usedBy(stores(), tenant.id)).toEqual(leaseHolds(lease))
    })

    it('makes one lease of 100 admissions of the same id at once', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id)

      const admissions = await Promise.all(
        Array.from({ length: 100 }, () => stores().leases.admit(lease, olivia)),
      )

      for (const admission of admissions) expect(admission).toEqual({ kind: 'admitted', lease })
      expect(await usedBy(stores(), tenant.id)).toEqual(leaseHolds(lease))
      expect(await stores().leases.events(tenant.id, lease.id, 0, 10)).toHaveLength(2)
    })

    it('admits exactly 500 of 1,000 at once where 500 fit, the first ones first', async () => {
      const plenty = 1_000_000
      const tenant = await someTenant({
        vcpu: 500,
        'memory-mib': 1_024 * plenty,
        'disk-gib': plenty,
        leases: plenty,
      })
      const leases = Array.from({ length: 1_000 }, () => aNewLease(tenant.id))

      const admissions = await Promise.all(
        leases.map((lease) => stores().leases.admit(lease, olivia)),
      )

      const kinds = admissions.map(({ kind }) => kind)
      expect(kinds.slice(0, 500)).toEqual(Array(500).fill('admitted'))
      expect(kinds.slice(500)).toEqual(Array(500).fill('refused'))
      expect((await usedBy(stores(), tenant.id)).vcpu).toBe(500)
    })

    it('lets small ones through behind a large one that does not fit', async () => {
      const tenant = await someTenant(someLimits({ vcpu: 2 }))
      const large = aShape({ cpu: { sockets: 1, cores: 4, threads: 1, model: 'host-model' } })
      const leases = [
        aNewLease(tenant.id),
        aNewLease(tenant.id, { shape: large }),
        aNewLease(tenant.id),
      ]

      const admissions = await Promise.all(
        leases.map((lease) => stores().leases.admit(lease, olivia)),
      )

      expect(admissions.map(({ kind }) => kind)).toEqual(['admitted', 'refused', 'admitted'])
    })

    it('keeps tenants apart when many ask at once', async () => {
      const tenants = await Promise.all(
        Array.from({ length: 20 }, () => someTenant(someLimits({ leases: 3 }))),
      )

      const asked = tenants.flatMap(({ id }) => Array.from({ length: 6 }, () => aNewLease(id)))
      const admissions = await Promise.all(
        asked.map((lease) => stores().leases.admit(lease, olivia)),
      )

      const admitted = asked.filter((_, index) => admissions[index]?.kind === 'admitted')
      for (const { id } of tenants)
        expect(admitted.filter((lease) => lease.tenantId === id)).toHaveLength(3)
    })

    it.each([
      ['a name with U+0000', { name: 'a\u0000b' }],
      ['a label with U+0000', { labels: { team: '\u0000' } }],
      ['a name with half a surrogate pair', { name: 'a\ud800b' }],
    ])('refuses %s without harm to its neighbours', async (_, facts) => {
      const tenant = await someTenant()
      const good = aNewLease(tenant.id)

      const [bad, neighbour] = await Promise.allSettled([
        stores().leases.admit(aNewLease(tenant.id, facts), olivia),
        stores().leases.admit(good, olivia),
      ])

      expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'request/invalid' } })
      expect(neighbour).toMatchObject({ status: 'fulfilled', value: { kind: 'admitted' } })
    })

    it('keeps text that only looks like an escape, quotes and emoji as they are', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id, { name: '\\u0000 "; DROP TABLE leases; -- 🦊 $(id)' })

      await stores().leases.admit(lease, olivia)

      expect(await stores().leases.findAnyTenant(lease.id)).toEqual(lease)
    })

    it('refuses a tenant that does not exist without harm to its neighbours', async () => {
      const tenant = await someTenant()
      const stray = aNewLease(uniqueName('ten') as TenantId)

      const [missing, neighbour] = await Promise.allSettled([
        stores().leases.admit(stray, olivia),
        stores().leases.admit(aNewLease(tenant.id), olivia),
      ])

      expect(missing).toMatchObject({ status: 'rejected', reason: { code: 'tenant/not-found' } })
      expect(neighbour).toMatchObject({ status: 'fulfilled', value: { kind: 'admitted' } })
      expect(await stores().leases.findAnyTenant(stray.id as LeaseId)).toBeNull()
    })

    it('never gives one tenant the lease of another, whatever id it asks with', async () => {
      const [mine, theirs] = [await someTenant(), await someTenant()]
      const lease = aNewLease(theirs.id)
      await stores().leases.admit(lease, olivia)

      const stolen = stores().leases.admit({ ...lease, tenantId: mine.id }, olivia)

      await expect(stolen).rejects.toMatchObject({ code: 'conflict/changed-meanwhile' })
      expect(await usedBy(stores(), mine.id)).toEqual({})
    })
  })
}
