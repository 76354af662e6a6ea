import type { Amounts, TenantId } from '@leasehold/domain'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeIssueFileCredentials } from '../files/issue-file-credentials.ts'
import { makeFindQuotaDrift, makeGetQuotas } from '../quotas/read-quotas.ts'
import { makeSetQuotas } from '../quotas/set-quotas.ts'
import { makeCreateTenant } from './create-tenant.ts'
import { makeEnsureTenant } from './ensure-tenant.ts'
import { makeGetTenant, makeListMembers, makeListTenants } from './read-tenants.ts'
import { bucketOf } from './tenant-bucket.ts'
import { makeUpdateTenant } from './update-tenant.ts'

const { signal } = new AbortController()
const actor = { kind: 'operator', id: 'oscar' } as const
const initech = { slug: 'initech', name: 'Initech', tier: 'dev', limits: {}, actor } as const
const acme = 'ten_acme' as TenantId
const globex = 'ten_globex' as TenantId
const unchanged = { name: null, tier: null, networks: null } as const

describe('creating a tenant', () => {
  it('gives it the limits of its tier, those named apart, and a place everywhere', async () => {
    const platform = await aPlatform()

    const tenant = await makeCreateTenant(platform)({ ...initech, limits: { vcpu: 3 } })
    await platform.settle()

    const quotas = await makeGetQuotas(platform)(tenant.id)
    const limits = Object.fromEntries(quotas.map(({ resource, limit }) => [resource, limit]))
    expect(limits).toMatchObject({ vcpu: 3, leases: 8, 'gpu/h100-80gb': 1 })
    expect(platform.tenancy.tenants.has(tenant.id)).toBe(true)
    expect(platform.directory.organizations.has(tenant.id)).toBe(true)
  })

  it('is refused when its name is taken', async () => {
    const platform = await aPlatform()

    await expect(makeCreateTenant(platform)({ ...initech, slug: 'acme' })).rejects.toMatchObject({
      code: 'tenant/already-exists',
    })
  })

  it.each(['a', 'A', '-ab', 'ab-', '1ab', 'a b', 'a'.repeat(41), 'ab\u0000'])(
    'is refused with the slug %j',
    async (slug) => {
      const platform = await aPlatform()

      await expect(makeCreateTenant(platform)({ ...initech, slug })).rejects.toMatchObject({
        code: 'request/invalid',
        field: '/slug',
      })
    },
  )

  it.each([
    { limits: { cpus: 1 }, code: 'quota/not-found' },
    { limits: { vcpu: -1 }, code: 'request/invalid' },
    { limits: { vcpu: 1.5 }, code: 'request/invalid' },
  ])('is refused with the limits $limits', async ({ limits, code }) => {
    const platform = await aPlatform()

    const request = makeCreateTenant(platform)({ ...initech, limits: limits as Amounts })

    await expect(request).rejects.toMatchObject({ code })
  })
})

describe('a tenant', () => {
  it('is changed part by part', async () => {
    const platform = await aPlatform()
    const update = makeUpdateTenant(platform)
    const nothing = {
      tenantId: acme,
      name: null,
      tier: null,
      suspended: null,
      networks: null,
      actor,
    }

    await update({ ...nothing, suspended: true })
    await update({ ...nothing, name: 'Acme Ltd' })

    expect(await makeGetTenant(platform)(acme)).toMatchObject({
      name: 'Acme Ltd',
      tier: 'dev',
      suspended: true,
      version: 3,
    })
  })

  it('may be used from the networks that an operator names, if they are some', async () => {
    const platform = await aPlatform()
    const update = makeUpdateTenant(platform)
    const change = { tenantId: acme, name: null, tier: null, suspended: null, actor }
    const networks = { allow: ['192.0.2.0/24'], deny: ['2001:db8::/32'] }

    expect(await update({ ...change, networks })).toMatchObject({ networks })
    await expect(
      update({ ...change, networks: { allow: ['192.0.2.0/24', 'home'], deny: [] } }),
    ).rejects.toMatchObject({ code: 'request/invalid', field: '/networks/allow/1' })
    await expect(
      update({ ...change, networks: { allow: [], deny: Array(101).fill('192.0.2.1') } }),
    ).rejects.toMatchObject({ code: 'request/invalid', field: '/networks/deny' })
    expect(await makeGetTenant(platform)(acme)).toMatchObject({ networks })
  })

  it('that does not exist is not found, whatever is asked', async () => {
    const platform = await aPlatform()
    const none = 'ten_none' as TenantId

    for (const ask of [
      makeGetTenant(platform)(none),
      makeListMembers(platform)(none, { limit: 1, cursor: null }),
      makeGetQuotas(platform)(none),
      makeSetQuotas(platform)({ tenantId: none, limits: {}, actor }),
    ])
      await expect(ask).rejects.toMatchObject({ code: 'tenant/not-found' })
  })

  it('is found on exactly one page', async () => {
    const platform = await aPlatform()
    const list = makeListTenants(platform)

    const first = await list({ limit: 1, cursor: null })
    const second = await list({ limit: 1, cursor: first.next })

    expect([...first.items, ...second.items].map(({ slug }) => slug).sort()).toEqual([
      'acme',
      'globex',
    ])
    expect(second.next).toBeNull()
  })

  it('has no keys of its bucket any more once it is suspended, and may have new ones after that', async () => {
    const platform = await aPlatform()
    const issue = makeIssueFileCredentials(platform)
    const suspend = (suspended: boolean) =>
      makeUpdateTenant(platform)({ ...unchanged, tenantId: acme, suspended, actor })
    await issue(acme, 'read', 900, signal)
    await issue(globex, 'read', 900, signal)

    await makeEnsureTenant(platform)(acme, signal)
    expect(platform.bucketAccess.issued).toHaveLength(2)
    await suspend(true)
    await makeEnsureTenant(platform)(acme, signal)
    expect(platform.bucketAccess.issued.map(({ bucket }) => bucket)).toEqual([bucketOf(globex)])

    await expect(issue(acme, 'read', 900, signal)).rejects.toMatchObject({
      code: 'tenant/suspended',
    })

    await suspend(false)
    await issue(acme, 'read', 900, signal)
    await makeEnsureTenant(platform)(acme, signal)
    expect(platform.bucketAccess.issued).toHaveLength(2)
  })

  it('is given no keys when it is suspended while they are made', async () => {
    const platform = await aPlatform()
    const bucketAccess: typeof platform.bucketAccess = {
      ...platform.bucketAccess,
      issue: async (...asked) => {
        const made = await platform.bucketAccess.issue(...asked)
        const change = { ...unchanged, tenantId: acme, suspended: true, actor }
        await makeUpdateTenant(platform)(change)
        return made
      },
    }

    const asked = makeIssueFileCredentials({ ...platform, bucketAccess })(acme, 'read', 900, signal)

    await expect(asked).rejects.toMatchObject({ code: 'tenant/suspended' })
    expect(platform.bucketAccess.issued).toEqual([])
  })

  it('gets what it needs in the other places when one fails, and the failure is told', async () => {
    const platform = await aPlatform()
    platform.objects.faults.always('ensureBucket', { kind: 'fail-before' })

    await expect(makeEnsureTenant(platform)(acme, signal)).rejects.toThrow('1 of 3 parts')

    expect(platform.tenancy.tenants.has(acme)).toBe(true)
  })
})

describe('quotas', () => {
  it('of a bucket reach the store, each change of them, and nothing is said where there is none', async () => {
    const platform = await aPlatform()
    const set = (gib: number) =>
      makeSetQuotas(platform)({ tenantId: acme, limits: { 'bucket-gib': gib }, actor })
    const limitNow = async () => {
      await platform.settle()
      return platform.objects.limitOf(bucketOf(acme))
    }
    await makeEnsureTenant(platform)(acme, signal)
    expect(await limitNow()).toBeNull()

    await set(2)
    expect(await limitNow()).toBe(2_147_483_648)
    await set(1)
    expect(await limitNow()).toBe(1_073_741_824)

    // A change that the store missed reaches it with the next repair.
    await platform.objects.limitBucket(bucketOf(acme), 5, signal)
    await makeEnsureTenant(platform)(acme, signal)
    expect(await limitNow()).toBe(1_073_741_824)
  })

  it('may be set below what is used', async () => {
    const platform = await aPlatform()

    const quotas = await makeSetQuotas(platform)({ tenantId: acme, limits: { vcpu: 0 }, actor })

    expect(quotas.find(({ resource }) => resource === 'vcpu')).toMatchObject({ limit: 0 })
    // Pools with a quota of their own follow.
    expect(platform.hints.waiting()).toContainEqual({ job: 'ensure-tenant', id: acme })
  })

  it('that differ from what is held are found', async () => {
    const platform = await aPlatform()
    const [key, quota] = [...platform.memory.quotas][0] ?? []
    if (key !== undefined && quota !== undefined)
      platform.memory.quotas.set(key, { ...quota, used: 7 })

    expect(await makeFindQuotaDrift(platform)()).toMatchObject([{ quota: { used: 7 }, held: 0 }])
  })
})
