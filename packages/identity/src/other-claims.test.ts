import { describe, expect, it } from 'vitest'
import { callerFromClaims } from './caller-from-claims.ts'

const names = {
  rolesPath: ['leasehold', 'roles'],
  groups: { path: ['groups'], pattern: '/apps/leasehold.{tenant}/{role}' },
}
const who = { sub: 'u-1', exp: 1 }
const organizationsOf = (groups: unknown) =>
  callerFromClaims({ ...who, groups }, names).organizations

describe('claims of another issuer', () => {
  it('name tenants and roles by groups, the strongest role of several', () => {
    const groups = [
      '/apps/leasehold.acme/viewer',
      '/apps/leasehold.acme/owner',
      '/apps/leasehold.big-globex/billing',
      '/apps/mail',
    ]

    expect(organizationsOf(groups)).toEqual([
      { alias: 'acme', tenantId: null, role: 'owner' },
      { alias: 'big-globex', tenantId: null, role: 'billing' },
    ])
  })

  it.each([
    ['a dot that stands for anything', ['/apps/leaseholdXacme/owner']],
    ['something before', ['x/apps/leasehold.acme/owner']],
    ['something behind', ['/apps/leasehold.acme/owner/x']],
    ['a line more', ['/apps/leasehold.acme/owner\n']],
    ['a role that is none', ['/apps/leasehold.acme/admin']],
    ['a slug that is none', ['/apps/leasehold.Acme/owner']],
    ['an object', { acme: 'owner' }],
    ['nothing', undefined],
  ])('give no access by %s', (_what, groups) => {
    expect(organizationsOf(groups)).toEqual([])
  })

  it('have operator roles where the path leads, and nowhere else', () => {
    const roles = ['operator']

    expect(callerFromClaims({ ...who, leasehold: { roles } }, names).operatorRoles).toEqual(roles)
    expect(callerFromClaims({ ...who, realm_access: { roles } }, names).operatorRoles).toEqual([])
    expect(
      callerFromClaims(
        { ...who, leasehold: 'operator' },
        { ...names, rolesPath: ['constructor', 'name'] },
      ).operatorRoles,
    ).toEqual([])
  })

  it('do not count as organizations of Keycloak, too', () => {
    const organization = { acme: { tenant_id: ['ten_acme'], groups: ['/owner'] } }

    expect(callerFromClaims({ ...who, organization }, names).organizations).toEqual([])
  })
})
