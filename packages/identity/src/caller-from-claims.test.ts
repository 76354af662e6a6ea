import { DomainError } from '@leasehold/domain'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { callerFromClaims } from './caller-from-claims.ts'

const base = { sub: 'u1', exp: 1_800_000_000 }
const acme = (facts: unknown) => callerFromClaims({ ...base, organization: { acme: facts } })

describe('a caller from claims', () => {
  it('has the strongest role of the groups in each organization', () => {
    const { organizations } = callerFromClaims({
      ...base,
      organization: {
        acme: { id: 'o1', tenant_id: ['ten_acme'], groups: ['/viewer', '/owner'] },
        globex: { id: 'o2', tenant_id: ['ten_globex'], groups: ['/billing'] },
      },
    })

    expect(organizations).toEqual([
      { alias: 'acme', tenantId: 'ten_acme', role: 'owner' },
      { alias: 'globex', tenantId: 'ten_globex', role: 'billing' },
    ])
  })

  it('takes a tenant id that Keycloak wrote as a plain text', () => {
    expect(acme({ tenant_id: 'ten_acme', groups: '/member' }).organizations).toEqual([
      { alias: 'acme', tenantId: 'ten_acme', role: 'member' },
    ])
  })

  it('has the operator roles of the realm and no others', () => {
    const { operatorRoles } = callerFromClaims({
      ...base,
      realm_access: { roles: ['offline_access', 'admin', 'operator', 'admin'] },
    })

    expect(operatorRoles).toEqual(['operator', 'admin'])
  })

  it('is called by the user name when the token has no full name', () => {
    expect(callerFromClaims({ ...base, preferred_username: 'olivia' }).name).toBe('olivia')
  })

  it.each<[string, unknown]>([
    ['no group', { tenant_id: ['ten_acme'] }],
    ['an unknown group', { tenant_id: ['ten_acme'], groups: ['/admins'] }],
    [
      'a group below a role',
      { tenant_id: ['ten_acme'], groups: ['/x/owner', '/owner/x', 'owner'] },
    ],
    ['a role from the prototype', { tenant_id: ['ten_acme'], groups: ['/constructor'] }],
    ['no tenant', { groups: ['/owner'] }],
    ['two tenants', { tenant_id: ['ten_acme', 'ten_globex'], groups: ['/owner'] }],
    ['a tenant id of another shape', { tenant_id: ["ten_a'--"], groups: ['/owner'] }],
    ['a tenant id that is an object', { tenant_id: { 0: 'ten_acme' }, groups: ['/owner'] }],
    ['nothing', null],
    ['a list', ['ten_acme']],
  ])('does not belong to an organization with %s', (_what, facts) => {
    expect(acme(facts).organizations).toEqual([])
  })

  it.each<[string, unknown]>([
    ['a list of names', ['acme']],
    ['a text', 'acme'],
    ['a number', 1],
    ['null', null],
    ['an alias with a slash', { 'a/b': { tenant_id: ['ten_a'], groups: ['/owner'] } }],
    ['the prototype', JSON.parse('{"__proto__":{"tenant_id":["ten_a"],"groups":["/owner"]}}')],
  ])('has no organizations when the claim is %s', (_what, organization) => {
    expect(callerFromClaims({ ...base, organization }).organizations).toEqual([])
  })

  it.each([
    null,
    'operator',
    ['operator'],
    { roles: { 0: 'operator' } },
    { roles: [['operator']] },
  ])('has no operator role when realm_access is odd (%#)', (access) => {
    expect(callerFromClaims({ ...base, realm_access: access }).operatorRoles).toEqual([])
  })

  it('has no name or email that would break a line of text', () => {
    const caller = callerFromClaims({ ...base, email: 'a\nb', name: 'x'.repeat(201) })

    expect(caller).toMatchObject({ email: null, name: null })
  })

  it.each([{}, { sub: 'u1' }, { sub: ['u1'], exp: 1 }, { sub: 'u\0', exp: 1 }])(
    'is refused when the token does not say who it is (%#)',
    (claims) => {
      expect(() => callerFromClaims(claims)).toThrow(
        expect.objectContaining({ code: 'auth/unauthenticated' }),
      )
    },
  )

  it('is made, or refused as unauthenticated, from claims of any shape whatever', () => {
    const claims = fc.record({
      sub: fc.oneof(fc.jsonValue(), fc.string()),
      exp: fc.oneof(fc.jsonValue(), fc.double()),
      email: fc.jsonValue(),
      realm_access: fc.oneof(fc.jsonValue(), fc.record({ roles: fc.jsonValue() })),
      organization: fc.oneof(
        fc.jsonValue(),
        fc.dictionary(
          fc.string(),
          fc.oneof(
            fc.jsonValue(),
            fc.record({ tenant_id: fc.jsonValue(), groups: fc.jsonValue() }),
          ),
        ),
      ),
    })
    fc.assert(
      fc.property(claims, (hostile) => {
        try {
          const { organizations } = callerFromClaims(hostile)
          for (const { tenantId } of organizations) expect(tenantId).toMatch(/^ten_[a-z0-9]+$/)
        } catch (error) {
          expect(error).toBeInstanceOf(DomainError)
          expect(error).toMatchObject({ code: 'auth/unauthenticated' })
        }
      }),
    )
  })
})
