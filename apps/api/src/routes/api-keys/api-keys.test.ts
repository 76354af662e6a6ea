import { describe, expect, it } from 'vitest'
import { type AnApi, anApi, verdict } from '../../../test/api-harness.ts'

async function anAccount(api: AnApi, json: object = {}): Promise<string> {
  const body = { name: 'robot', role: 'member', ...json }
  return (await api.tenant('POST', '/v1/service-accounts', { json: body })).json().id
}

async function aKey(api: AnApi, json: object = {}) {
  const serviceAccountId = await anAccount(api)
  const body = { serviceAccountId, name: 'key', ...json }
  return (await api.tenant('POST', '/v1/api-keys', { json: body })).json()
}

const using = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })

describe('API keys', () => {
  it('show their secret once', async () => {
    const api = await anApi()

    const key = await aKey(api)
    const listed = (await api.tenant('GET', '/v1/api-keys')).json()

    const { secret, ...rest } = key
    expect(secret).toMatch(/^lsh_/)
    expect(rest).toMatchObject({ name: 'key', permissions: null, lastUsedAt: null })
    expect(Date.parse(rest.expiresAt) - Date.parse(rest.createdAt)).toBe(90 * 86_400_000)
    expect(listed).toEqual({ items: [rest], next: null })
  })

  it('act as their service account, without a tenant being named', async () => {
    const api = await anApi()
    const { secret, serviceAccountId } = await aKey(api)

    const me = (await api.tenant('GET', '/v1/me', using(secret))).json()
    const list = await api.tenant('GET', '/v1/leases', using(secret))

    expect(me).toMatchObject({ subject: serviceAccountId, name: 'robot', role: 'member' })
    expect(list.statusCode).toBe(200)
    expect([...api.platform.memory.members.values()].map(({ id }) => id)).not.toContain(
      serviceAccountId,
    )
  })

  it('do no more than they were made for', async () => {
    const api = await anApi()
    const { secret } = await aKey(api, { permissions: ['tasks:read'] })

    const tasks = await api.tenant('GET', '/v1/tasks', using(secret))
    const leases = await api.tenant('GET', '/v1/leases', using(secret))
    const me = (await api.tenant('GET', '/v1/me', using(secret))).json()

    expect(tasks.statusCode).toBe(200)
    expect(verdict(leases)).toEqual({ status: 403, code: 'auth/forbidden' })
    expect(leases.json().facts).toEqual({ permission: 'leases:read' })
    expect(me.permissions).toEqual(['tasks:read'])
  })

  it('make no keys, and are nobody to the operator API', async () => {
    const api = await anApi()
    const { secret, serviceAccountId } = await aKey(api)
    const json = { serviceAccountId, name: 'another' }

    const made = await api.tenant('POST', '/v1/api-keys', { json, ...using(secret) })
    const tenants = await api.operator('GET', '/v1/tenants', using(secret))

    expect(verdict(made)).toEqual({ status: 403, code: 'auth/forbidden' })
    expect(verdict(tenants)).toEqual({ status: 401, code: 'auth/unauthenticated' })
  })

  it('are refused after they were revoked, once', async () => {
    const api = await anApi()
    const { id, secret } = await aKey(api)
    await api.tenant('GET', '/v1/me', using(secret))

    const revoked = await api.tenant('DELETE', `/v1/api-keys/${id}`)
    api.platform.clock.advance(5_000)

    expect(revoked.statusCode).toBe(204)
    expect(verdict(await api.tenant('GET', '/v1/me', using(secret)))).toEqual({
      status: 401,
      code: 'auth/unauthenticated',
    })
    expect(verdict(await api.tenant('DELETE', `/v1/api-keys/${id}`))).toEqual({
      status: 404,
      code: 'api-key/not-found',
    })
  })

  it('leave no secret among the answers that are kept for repetitions', async () => {
    const api = await anApi()
    const serviceAccountId = await anAccount(api)
    const json = { serviceAccountId, name: 'key' }
    const headers = { 'idempotency-key': 'once' }

    const { secret } = (await api.tenant('POST', '/v1/api-keys', { json, headers })).json()

    expect(secret).toMatch(/^lsh_/)
    expect(JSON.stringify([...api.platform.memory.answers])).not.toContain(secret)
  })

  it.each([
    ['an unknown permission', { permissions: ['everything'] }, 400],
    ['a permission that only owners have', { permissions: ['api-keys:write'] }, 400],
    ['no permission at all', { permissions: [] }, 400],
    ['a life of two years', { expiresInDays: 731 }, 400],
    ['an account that never was', { serviceAccountId: 'svc_none' }, 404],
  ])('are not made with %s', async (_, facts, status) => {
    const api = await anApi()
    const serviceAccountId = await anAccount(api)
    const json = { serviceAccountId, name: 'key', ...facts }

    expect((await api.tenant('POST', '/v1/api-keys', { json })).statusCode).toBe(status)
  })
})

describe('service accounts', () => {
  it('are made, listed in pages and removed with their keys', async () => {
    const api = await anApi()
    const { secret, serviceAccountId } = await aKey(api)
    await anAccount(api, { name: 'second', role: 'viewer' })

    const first = (await api.tenant('GET', '/v1/service-accounts?limit=1')).json()
    const next = `/v1/service-accounts?limit=1&cursor=${first.next}`
    const second = (await api.tenant('GET', next)).json()
    const removed = await api.tenant('DELETE', `/v1/service-accounts/${serviceAccountId}`)

    expect([...first.items, ...second.items].map(({ name }) => name).sort()).toEqual([
      'robot',
      'second',
    ])
    expect(removed.statusCode).toBe(204)
    expect((await api.tenant('GET', '/v1/api-keys')).json().items).toEqual([])
    expect((await api.tenant('GET', '/v1/me', using(secret))).statusCode).toBe(401)
  })

  it('are never owners, and have names of their own', async () => {
    const api = await anApi()
    await anAccount(api)
    const send = (json: object) => api.tenant('POST', '/v1/service-accounts', { json })

    expect((await send({ name: 'boss', role: 'owner' })).statusCode).toBe(400)
    expect(verdict(await send({ name: 'robot', role: 'viewer' }))).toEqual({
      status: 409,
      code: 'service-account/already-exists',
    })
  })
})
