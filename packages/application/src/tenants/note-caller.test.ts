import type { TenantId } from '@leasehold/domain'
import { aCaller, aPlatform, InjectedFault } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeNoteCaller, requireActive } from './note-caller.ts'

const both = aCaller('olivia', 'acme', 'owner', {
  organizations: [
    { alias: 'acme', tenantId: 'ten_acme', role: 'owner' },
    { alias: 'globex', tenantId: 'ten_globex', role: 'viewer' },
  ],
})

describe('the tenant of a caller', () => {
  it('is that of their only organization, and they are remembered', async () => {
    const platform = await aPlatform()

    const scope = await makeNoteCaller(platform)(aCaller('mia', 'acme', 'member'), null)

    expect(scope).toMatchObject({ tenant: { id: 'ten_acme' }, memberId: 'mia', role: 'member' })
    const members = await platform.tenants.members('ten_acme' as TenantId, {
      limit: 9,
      cursor: null,
    })
    expect(members.items).toMatchObject([{ id: 'mia', email: 'mia@acme.test', role: 'member' }])
  })

  it('is the one they name, with the role that they have there', async () => {
    const platform = await aPlatform()

    const scope = await makeNoteCaller(platform)(both, 'globex')

    expect(scope).toMatchObject({ tenant: { slug: 'globex' }, role: 'viewer' })
  })

  it('is found by its slug where the issuer knows no ids', async () => {
    const platform = await aPlatform()
    const organizations = [{ alias: 'globex', tenantId: null, role: 'member' }] as const
    const caller = aCaller('mia', 'globex', 'member', { organizations })
    const noteCaller = makeNoteCaller(platform)

    expect(await noteCaller(caller, null)).toMatchObject({ tenant: { id: 'ten_globex' } })
    expect(await noteCaller(caller, 'globex')).toMatchObject({ tenant: { id: 'ten_globex' } })
  })

  it.each([
    { what: 'several are possible', caller: both, slug: null, code: 'request/invalid' },
    {
      what: 'they are in none',
      caller: aCaller('x', 'a', 'owner', { organizations: [] }),
      slug: null,
      code: 'auth/forbidden',
    },
    {
      what: 'they are not in the one they name',
      caller: aCaller(),
      slug: 'globex',
      code: 'tenant/not-found',
    },
    {
      what: 'the one they name does not exist',
      caller: aCaller(),
      slug: 'nowhere',
      code: 'tenant/not-found',
    },
    {
      what: 'we do not know their organization',
      caller: aCaller('x', 'initech'),
      slug: null,
      code: 'tenant/not-found',
    },
  ])('is refused when $what', async ({ caller, slug, code }) => {
    const platform = await aPlatform()

    await expect(makeNoteCaller(platform)(caller, slug)).rejects.toMatchObject({ code })
  })

  it('costs no database call while it is known', async () => {
    const platform = await aPlatform()
    const noteCaller = makeNoteCaller(platform)

    for (let count = 0; count < 5; count++) await noteCaller(aCaller(), null)

    expect(platform.tenants.faults.calls('find')).toBe(1)
    expect(platform.tenants.faults.calls('noteMember')).toBe(1)
  })

  it('is read again together with the others in use, before anybody has to wait for it', async () => {
    const platform = await aPlatform()
    const noteCaller = makeNoteCaller(platform)
    const callers = [aCaller(), aCaller('gina', 'globex', 'owner')]
    const call = () => Promise.all(callers.map((caller) => noteCaller(caller, null)))

    for (let second = 0; second < 60; second += 0.5) {
      await call()
      platform.clock.advance(500)
    }

    expect(platform.tenants.faults.calls('find')).toBe(2)
    expect(platform.tenants.faults.calls('findMany')).toBeLessThanOrEqual(60 / 2.5)
  })

  it('goes on when reading again fails, and says so only when what it knew is too old', async () => {
    const platform = await aPlatform()
    const noteCaller = makeNoteCaller(platform)
    await noteCaller(aCaller(), null)
    platform.tenants.faults.next('findMany', { kind: 'fail-before' })

    platform.clock.advance(3_000)
    await noteCaller(aCaller(), null)
    platform.clock.advance(300)
    await noteCaller(aCaller(), null)
    expect(platform.tenants.faults.calls('findMany')).toBe(1)
    platform.tenants.faults.next('find', { kind: 'fail-before' })
    platform.clock.advance(2_000)

    await expect(noteCaller(aCaller(), null)).rejects.toThrow(InjectedFault)
  })

  it('is suspended, in full flow, within five seconds', async () => {
    const platform = await aPlatform()
    const noteCaller = makeNoteCaller(platform)
    const { tenant } = await noteCaller(aCaller(), null)
    const next = { ...tenant, suspended: true, version: tenant.version + 1 }
    await platform.tenants.replace(tenant, next, { kind: 'operator', id: 'oscar' })

    platform.clock.advance(3_000)
    await noteCaller(aCaller(), null)
    platform.clock.advance(300)
    await noteCaller(aCaller(), null)
    const scope = await noteCaller(aCaller(), null)

    expect(scope.tenant.suspended).toBe(true)
  })

  it('is suspended within five seconds', async () => {
    const platform = await aPlatform()
    const noteCaller = makeNoteCaller(platform)
    const { tenant } = await noteCaller(aCaller(), null)
    await platform.tenants.replace(
      tenant,
      { ...tenant, suspended: true, version: tenant.version + 1 },
      { kind: 'operator', id: 'oscar' },
    )

    platform.clock.advance(5_000)
    const scope = await noteCaller(aCaller(), null)

    expect(() => requireActive(scope.tenant)).toThrow(
      expect.objectContaining({ code: 'tenant/suspended' }),
    )
  })
})
