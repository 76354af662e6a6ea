import { endLease, provisionLease, type TenantId } from '@leasehold/domain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { aMember, aTenant, someLimits } from '../../builders/a-tenant.ts'
import { everyPage } from './lease-store-contract.ts'
import { takeRandomWalk, walkStep } from './random-walk.ts'
import {
  aNewLease,
  type OpenStores,
  olivia,
  testNow,
  thePlatform,
  uniqueName,
  usedBy,
  useStores,
} from './stores-under-test.ts'

/** What every store of tenants and members promises. */
export function tenantStoreContract(name: string, open: OpenStores): void {
  describe(`tenant store: ${name}`, () => {
    const { stores, someTenant } = useStores(open)

    it('stores a tenant with its limits and finds it by id and slug', async () => {
      const tenant = await someTenant({ vcpu: 2, leases: 1 })

      expect(await stores().tenants.find(tenant.id)).toEqual(tenant)
      expect(await stores().tenants.findBySlug(tenant.slug)).toEqual(tenant)
      expect(await stores().quotas.list(tenant.id)).toEqual([
        { tenantId: tenant.id, resource: 'leases', limit: 1, used: 0 },
        { tenantId: tenant.id, resource: 'vcpu', limit: 2, used: 0 },
      ])
      expect(await stores().tenants.find('ten_none' as TenantId)).toBeNull()
      expect(await stores().tenants.findBySlug('none')).toBeNull()
    })

    it('finds those of several that exist, each once', async () => {
      const one = await someTenant()
      const two = await someTenant()
      await someTenant()

      const found = await stores().tenants.findMany([
        two.id,
        'ten_none' as TenantId,
        one.id,
        one.id,
      ])

      expect(found).toHaveLength(2)
      expect(found).toEqual(expect.arrayContaining([one, two]))
      expect(await stores().tenants.findMany([])).toEqual([])
    })

    it('refuses a slug or id that is taken and leaves the first as it is', async () => {
      const tenant = await someTenant()
      const sameSlug = aTenant({ id: uniqueName('ten') as TenantId, slug: tenant.slug })
      const sameId = aTenant({ id: tenant.id, slug: uniqueName('t') })

      for (const taken of [sameSlug, sameId])
        expect(await stores().tenants.create(taken, someLimits(), olivia)).toBe(false)
      expect(await stores().tenants.find(tenant.id)).toEqual(tenant)
      expect(await stores().tenants.find(sameSlug.id)).toBeNull()
    })

    it('replaces one version only once, and writes down who did it', async () => {
      const tenant = await someTenant()
      const networks = { allow: ['192.0.2.0/24'], deny: ['2001:db8::/32'] }
      const next = { ...tenant, name: 'Renamed', suspended: true, networks, version: 2 }

      expect(await stores().tenants.replace(tenant, next, olivia)).toBe(true)
      expect(await stores().tenants.replace(tenant, next, olivia)).toBe(false)

      expect(await stores().tenants.find(tenant.id)).toEqual(next)
      const { items } = await stores().audit.list(tenant.id, { limit: 9, cursor: null })
      expect(items.map(({ event }) => event)).toEqual(['tenant.changed', 'tenant.created'])
      expect(items[0]?.actor).toEqual(olivia)
    })

    it('lists every tenant once', async () => {
      const made = [await someTenant(), await someTenant(), await someTenant()]

      const listed = await everyPage(2, (page) => stores().tenants.list(page))

      const ids = listed.map(({ id }) => id)
      expect(new Set(ids).size).toBe(ids.length)
      for (const { id } of made) expect(ids).toContain(id)
    })

    it('remembers people, and is touched by the same person at most once a minute', async () => {
      const { id: tenantId } = await someTenant()
      const { tenants } = stores()
      const at = (seconds: number) => aMember({ tenantId, lastSeenAt: testNow + seconds * 1_000 })
      await tenants.noteMember(at(0))
      await tenants.noteMember(at(59))
      expect((await tenants.findMember(tenantId, at(0).id))?.lastSeenAt).toBe(testNow)

      await tenants.noteMember({ ...at(61), firstSeenAt: testNow + 61_000 })

      expect(await tenants.findMember(tenantId, at(0).id)).toEqual(at(61))
    })

    it('notes a changed role at once', async () => {
      const { id: tenantId } = await someTenant()
      await stores().tenants.noteMember(aMember({ tenantId }))
      await stores().tenants.noteMember(aMember({ tenantId, role: 'viewer' }))

      const { items } = await stores().tenants.members(tenantId, { limit: 9, cursor: null })

      expect(items.map(({ id, role }) => [id, role])).toEqual([['olivia', 'viewer']])
      expect(await stores().tenants.findMember((await someTenant()).id, 'olivia' as never)).toBe(
        null,
      )
    })
  })
}

/** What every quota ledger promises. */
export function quotaLedgerContract(name: string, open: OpenStores): void {
  describe(`quota ledger: ${name}`, () => {
    const { stores, someTenant } = useStores(open)

    it('sets a limit, also below what is used and for a resource that had none', async () => {
      const tenant = await someTenant()
      await stores().leases.admit(aNewLease(tenant.id), olivia)

      const lowered = await stores().quotas.setLimit(tenant.id, 'vcpu', 0, olivia)
      const fresh = await stores().quotas.setLimit(tenant.id, 'gpu/h100-80gb', 8, olivia)

      expect(lowered).toEqual({ tenantId: tenant.id, resource: 'vcpu', limit: 0, used: 1 })
      expect(fresh).toMatchObject({ resource: 'gpu/h100-80gb', limit: 8, used: 0 })
      expect(await stores().leases.admit(aNewLease(tenant.id), olivia)).toMatchObject({
        kind: 'refused',
        shortage: { resource: 'vcpu', limit: 0, used: 1, asked: 1, free: 0 },
      })
      const { items } = await stores().audit.list(tenant.id, { limit: 9, cursor: null })
      expect(items.map(({ event }) => event)).toContain('quota.changed')
    })

    it('lists the limits of several tenants', async () => {
      const [one, two] = [await someTenant({ vcpu: 1 }), await someTenant({ vcpu: 2 })]

      const quotas = await stores().quotas.listMany([one.id, two.id])

      expect(quotas.map(({ tenantId, limit }) => [tenantId, limit]).sort()).toEqual(
        [
          [one.id, 1],
          [two.id, 2],
        ].sort(),
      )
      expect(await stores().quotas.listMany([])).toEqual([])
    })

    it('counts a lease out once, whoever ends it and however often', async () => {
      const tenant = await someTenant()
      const lease = aNewLease(tenant.id)
      await stores().leases.admit(lease, olivia)
      const ends = [
        endLease(lease, 'released-by-tenant', testNow, 0),
        provisionLease(lease, testNow, 1_000),
        endLease(lease, 'queue-timed-out', testNow, 0),
      ]

      const outcomes = await Promise.all(
        ends.map((next) =>
          stores().leases.replace(lease, next, { actor: thePlatform, claim: null }),
        ),
      )

      expect(outcomes.filter((outcome) => outcome === 'replaced')).toHaveLength(1)
      expect(await driftOf(tenant.id)).toEqual([])
    })

    it('has used exactly what leases and tasks hold, after any walk through their lives', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(walkStep, { minLength: 5, maxLength: 25 }), async (steps) => {
          const tenant = await someTenant(someLimits({ vcpu: 3, leases: 3, 'queued-tasks': 2 }))
          const held = await takeRandomWalk(stores(), tenant.id, steps)
          expect(await usedBy(stores(), tenant.id)).toEqual(held)
          expect(await driftOf(tenant.id)).toEqual([])
        }),
        { numRuns: 12, endOnFailure: true },
      )
    })

    const driftOf = async (tenantId: TenantId) =>
      (await stores().quotas.findDrift()).filter(({ quota }) => quota.tenantId === tenantId)
  })
}
