import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, roomySettings, verdict } from '../../test/api-harness.ts'

const plenty = roomySettings.rateLimits
const twoReads = { ...plenty, tenant: { ...plenty.tenant, read: { perSecond: 1, burst: 2 } } }

describe('the limit per tenant', () => {
  it('is on every answer, and refuses with 429 and the time to come back', async () => {
    const api = await anApi({ rateLimits: twoReads })
    const read = () => api.tenant('GET', '/v1/me')

    const first = await read()
    await read()
    const third = await read()

    expect(first.headers).toMatchObject({
      'ratelimit-policy': '"read";q=2;w=2',
      ratelimit: '"read";r=1;t=1',
    })
    expect(verdict(third)).toEqual({ status: 429, code: 'request/rate-limited' })
    expect(third.headers).toMatchObject({ 'retry-after': '1', ratelimit: '"read";r=0;t=2' })
  })

  it('ends with time', async () => {
    const api = await anApi({ rateLimits: twoReads })
    for (let i = 0; i < 3; i++) await api.tenant('GET', '/v1/me')

    api.platform.clock.advance(1_000)

    expect((await api.tenant('GET', '/v1/me')).statusCode).toBe(200)
  })

  it('counts all members of a tenant together, and other tenants apart', async () => {
    const api = await anApi({ rateLimits: twoReads })
    await api.tenant('GET', '/v1/me')
    await api.tenant('GET', '/v1/me', { as: 'mia' })

    expect((await api.tenant('GET', '/v1/me', { as: 'victor' })).statusCode).toBe(429)
    expect((await api.tenant('GET', '/v1/me', { as: 'gina' })).statusCode).toBe(200)
  })

  it('counts reading and writing apart', async () => {
    const api = await anApi({ rateLimits: twoReads })
    for (let i = 0; i < 3; i++) await api.tenant('GET', '/v1/me')

    expect((await api.tenant('POST', '/v1/leases', { json: leaseBody })).statusCode).toBe(202)
  })

  it('makes nothing when it refuses', async () => {
    const write = { perSecond: 1, burst: 1 }
    const api = await anApi({
      rateLimits: { ...plenty, tenant: { ...plenty.tenant, write } },
    })
    const ask = () => api.tenant('POST', '/v1/leases', { json: leaseBody })

    await ask()
    const refused = await ask()

    expect(refused.statusCode).toBe(429)
    expect((await api.tenant('GET', '/v1/leases')).json().items).toHaveLength(1)
  })
})

describe('the limit of refused tokens per address', () => {
  const rateLimits = { ...plenty, refusals: { perSecond: 1, burst: 3 } }
  const guess = { as: null, headers: { authorization: 'Bearer guess' } } as const

  it('stops listening to an address that guesses, before the token is looked at', async () => {
    let looks = 0
    const api = await anApi({ rateLimits }, ({ tokens }) => ({
      tokens: Object.assign(Object.create(tokens), {
        verify: (token: string) => {
          looks++
          return tokens.verify(token)
        },
      }),
    }))

    const answers = []
    for (let i = 0; i < 5; i++) answers.push(await api.tenant('GET', '/v1/me', guess))

    expect(answers.map(({ statusCode }) => statusCode)).toEqual([401, 401, 401, 429, 429])
    expect(answers[4]?.headers['retry-after']).toBe('1')
    expect(looks).toBe(3)
  })

  it('costs valid tokens nothing', async () => {
    const api = await anApi({ rateLimits })

    for (let i = 0; i < 10; i++) expect((await api.tenant('GET', '/v1/me')).statusCode).toBe(200)
  })

  it('leaves health and documents open', async () => {
    const api = await anApi({ rateLimits })
    for (let i = 0; i < 5; i++) await api.tenant('GET', '/v1/me', guess)

    for (const path of ['/livez', '/readyz', '/openapi.json'])
      expect((await api.tenant('GET', path, { as: null })).statusCode, path).toBe(200)
  })

  it('holds for the credentials of runs, too', async () => {
    const api = await anApi({ rateLimits })
    const begin = () =>
      api.runApp.inject({
        method: 'POST',
        url: '/run/v1/begin',
        headers: { authorization: 'Bearer guess' },
      })

    for (let i = 0; i < 3; i++) expect((await begin()).statusCode).toBe(401)

    expect((await begin()).statusCode).toBe(429)
  })
})
