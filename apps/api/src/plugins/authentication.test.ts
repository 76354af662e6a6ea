import { aCaller, aTenant } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, verdict } from '../../test/api-harness.ts'

const operator = { kind: 'operator', id: 'oscar' } as const

describe('a caller', () => {
  it('is not let in while the sign-in service is down, and told to come back', async () => {
    const api = await anApi()
    api.platform.tokens.fail(true)

    const answer = await api.tenant('GET', '/v1/me')

    expect(verdict(answer)).toEqual({ status: 503, code: 'service/unavailable' })
  })

  it('may write `bearer` as they like', async () => {
    const api = await anApi()

    const answer = await api.tenant('GET', '/v1/me', {
      as: null,
      headers: { authorization: `bEaReR ${api.platform.tokenOf('olivia')}` },
    })

    expect(answer.statusCode).toBe(200)
  })

  it('in several tenants has to name one, and acts for the one they name', async () => {
    const api = await anApi()
    const token = api.platform.tokens.issue(
      aCaller('paula', 'acme', 'viewer', {
        organizations: [
          { alias: 'acme', tenantId: 'ten_acme', role: 'viewer' },
          { alias: 'globex', tenantId: 'ten_globex', role: 'owner' },
        ],
      }),
    )
    const ask = (headers: Record<string, string>) =>
      api.tenant('GET', '/v1/me', {
        as: null,
        headers: { authorization: `Bearer ${token}`, ...headers },
      })

    const unnamed = await ask({})
    const named = await ask({ 'leasehold-tenant': 'globex' })

    expect(verdict(unnamed)).toEqual({ status: 400, code: 'request/invalid' })
    expect(named.json()).toMatchObject({ tenant: { slug: 'globex' }, role: 'owner' })
    expect(named.json().tenants).toHaveLength(2)
  })

  it('whose token names a tenant that is not here is refused like one who names a foreign one', async () => {
    const api = await anApi()
    const token = api.platform.tokens.issue(aCaller('nina', 'nowhere', 'owner'))

    const answer = await api.tenant('GET', '/v1/me', {
      as: null,
      headers: { authorization: `Bearer ${token}` },
    })

    expect(verdict(answer)).toEqual({ status: 404, code: 'tenant/not-found' })
  })

  it('is noted as a member', async () => {
    const api = await anApi()

    await api.tenant('GET', '/v1/me', { as: 'mia' })

    const members = await api.operator('GET', '/v1/tenants/ten_acme/members')
    expect(members.json().items).toMatchObject([
      { id: 'mia', role: 'member', email: 'mia@acme.test' },
    ])
  })

  it('costs the database nothing once known', async () => {
    let finds = 0
    const api = await anApi({}, ({ tenants }) => ({
      tenants: Object.assign(Object.create(tenants), {
        find: (id: never) => {
          finds++
          return tenants.find(id)
        },
      }),
    }))

    for (let i = 0; i < 20; i++) await api.tenant('GET', '/v1/me')

    expect(finds).toBe(1)
  })
})

describe('a suspended tenant', () => {
  async function suspended() {
    const api = await anApi()
    const id = (await api.tenant('POST', '/v1/leases', { json: leaseBody })).json().id as string
    await api.platform.settle()
    const change = { json: { suspended: true } }
    await api.operator('PATCH', '/v1/tenants/ten_acme', change)
    api.platform.clock.advance(5_000)
    return { api, id }
  }

  it('may look', async () => {
    const { api, id } = await suspended()

    expect((await api.tenant('GET', `/v1/leases/${id}`)).statusCode).toBe(200)
    expect((await api.tenant('GET', '/v1/me')).json().tenant.suspended).toBe(true)
  })

  it('may give back', async () => {
    const { api, id } = await suspended()

    expect((await api.tenant('POST', `/v1/leases/${id}/stop`)).statusCode).toBe(202)
    expect((await api.tenant('DELETE', `/v1/leases/${id}`)).statusCode).toBe(202)
  })

  it('may not ask for anything new', async () => {
    const { api, id } = await suspended()

    for (const answer of [
      await api.tenant('POST', '/v1/leases', { json: leaseBody }),
      await api.tenant('POST', `/v1/leases/${id}/restart`),
      await api.tenant('POST', '/v1/tasks', { json: { script: 'x' } }),
      await api.tenant('PUT', '/v1/files/a.txt', { body: 'x' }),
    ])
      expect(verdict(answer)).toEqual({ status: 403, code: 'tenant/suspended' })
  })

  it('is noticed within five seconds', async () => {
    const api = await anApi()
    await api.tenant('GET', '/v1/me')
    const acme = await api.platform.tenants.find(aTenant().id)
    if (acme === null) throw new Error('no acme')
    const next = { ...acme, suspended: true, version: acme.version + 1 }
    await api.platform.tenants.replace(acme, next, operator)

    api.platform.clock.advance(5_000)

    expect((await api.tenant('GET', '/v1/me')).json().tenant.suspended).toBe(true)
  })
})
