import type { Me } from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import { makeApiClient } from '../../../scripts/client/api-client.ts'
import { expectProblem } from '../support/problems.ts'
import { operatorApi, type PersonName, strangersApi, target, tenantApi } from '../support/target.ts'

const someId = 'lea_00000000000000000000000000'

describe('callers', () => {
  it.each([
    { name: 'olivia', role: 'owner', tenant: 'acme' },
    { name: 'mia', role: 'member', tenant: 'acme' },
    { name: 'victor', role: 'viewer', tenant: 'acme' },
    { name: 'bill', role: 'billing', tenant: 'acme' },
    { name: 'gina', role: 'owner', tenant: 'globex' },
  ] as const)('$name is $role of $tenant', async ({ name, role, tenant }) => {
    const me = await (await tenantApi(name)).get<Me>('/v1/me')

    expect(me).toMatchObject({ role, tenant: { slug: tenant }, email: `${name}@${tenant}.example` })
  })

  it.each([
    { what: 'none', token: null },
    { what: 'words', token: 'let-me-in' },
    { what: 'one with alg none', token: `${encoded({ alg: 'none' })}.${encoded({ sub: 'x' })}.` },
  ])('are refused with $what for a token', async ({ token }) => {
    const answer = await strangersApi(token).call('GET', '/v1/me')

    expectProblem(answer, 401, 'auth/unauthenticated')
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/)
  })

  it('are refused with a token whose claims were changed', async () => {
    const { authorization = '' } = await (await tenantApi('victor')).authorization()
    const [header, payload, signature] = authorization.replace('Bearer ', '').split('.')
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString())
    const forged = [header, encoded({ ...claims, sub: 'someone-else' }), signature].join('.')

    expectProblem(await strangersApi(forged).call('GET', '/v1/me'), 401, 'auth/unauthenticated')
  })

  const forbidden: readonly { name: PersonName; method: string; path: string }[] = [
    { name: 'victor', method: 'DELETE', path: `/v1/leases/${someId}` },
    { name: 'victor', method: 'DELETE', path: '/v1/files/x' },
    { name: 'victor', method: 'GET', path: '/v1/usage' },
    { name: 'bill', method: 'GET', path: '/v1/leases' },
    { name: 'bill', method: 'GET', path: '/v1/files' },
    { name: 'mia', method: 'GET', path: '/v1/usage' },
  ]
  it.each(forbidden)('like $name may not $method $path', async ({ name, method, path }) => {
    expectProblem(await (await tenantApi(name)).call(method, path), 403, 'auth/forbidden')
  })

  it('cannot end a sign-in with a token that is no logout token', async () => {
    const mia = await tenantApi('mia')
    const { authorization = '' } = await mia.authorization()
    const body = `logout_token=${authorization.replace('Bearer ', '')}`
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    const path = '/v1/backchannel-logout'

    const answer = await strangersApi(null).call('POST', path, { body, headers })

    expectProblem(answer, 400, 'request/invalid')
    expect((await mia.call('GET', '/v1/me')).status).toBe(200)
  })

  it('cannot act for a tenant they are no member of', async () => {
    const { authorization = '' } = await (await tenantApi('gina')).authorization()
    const token = async () => authorization.replace('Bearer ', '')
    const asAcme = makeApiClient(target().api, token, { 'leasehold-tenant': 'acme' })
    const asNobody = makeApiClient(target().api, token, { 'leasehold-tenant': 'no-such-tenant' })

    const foreign = await asAcme.call('GET', '/v1/leases')
    const missing = await asNobody.call('GET', '/v1/leases')

    expect(foreign.status).toBeGreaterThanOrEqual(403)
    expect(foreign.status).toBe(missing.status)
    expect(JSON.parse(foreign.text).code).toBe(JSON.parse(missing.text).code)
  })

  it('of a tenant cannot use the operator API, and operators are no tenant', async () => {
    const tenants = await (await operatorApi('olivia')).call('GET', '/v1/tenants')
    const leases = await (await tenantApi('oscar')).call('GET', '/v1/leases')

    expectProblem(tenants, 403, 'auth/forbidden')
    expect(leases.status).toBe(403)
  })
})

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
