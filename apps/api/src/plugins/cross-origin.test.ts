import { describe, expect, it } from 'vitest'
import { anApi } from '../../test/api-harness.ts'

const corsOrigins = ['https://console.example']
const ours = { origin: 'https://console.example' }
const asksFirst = { 'access-control-request-method': 'POST' }

function preflight(api: Awaited<ReturnType<typeof anApi>>, headers: Record<string, string>) {
  return api.tenantApp.inject({
    method: 'OPTIONS',
    url: '/v1/leases',
    headers: { ...headers, ...asksFirst },
  })
}

describe('pages of other origins', () => {
  it('that are listed may ask, without a token, and then call', async () => {
    const api = await anApi({ corsOrigins })

    const asked = await preflight(api, ours)
    const called = await api.tenant('GET', '/v1/me', { headers: ours })

    expect(asked.statusCode).toBe(204)
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': ours.origin,
      'access-control-allow-methods': expect.stringContaining('DELETE'),
      'access-control-allow-headers': expect.stringContaining('idempotency-key'),
      vary: 'Origin',
    })
    expect(called.headers['access-control-allow-origin']).toBe(ours.origin)
    expect(called.headers).not.toHaveProperty('access-control-allow-credentials')
  })

  it('that are listed may read why they were refused', async () => {
    const api = await anApi({ corsOrigins })

    const refused = await api.tenant('GET', '/v1/me', { as: null, headers: ours })

    expect(refused.statusCode).toBe(401)
    expect(refused.headers['access-control-allow-origin']).toBe(ours.origin)
  })

  it.each([
    'https://console.example.evil.example',
    'http://console.example',
    'https://console.example:8443',
    'null',
  ])('such as %s are told nothing', async (origin) => {
    const api = await anApi({ corsOrigins })

    const asked = await preflight(api, { origin })
    const called = await api.tenant('GET', '/v1/me', { headers: { origin } })

    for (const answer of [asked, called])
      expect(answer.headers).not.toHaveProperty('access-control-allow-origin')
    expect(called.headers.vary).toBe('Origin')
  })

  it('are told nothing where no origin is listed, nor on the port of operators', async () => {
    const closed = await anApi()
    const open = await anApi({ corsOrigins })

    const answers = [
      await closed.tenant('GET', '/v1/me', { headers: ours }),
      await open.operator('GET', '/v1/tenants', { headers: ours }),
    ]

    for (const { headers } of answers)
      expect(headers).not.toHaveProperty('access-control-allow-origin')
  })

  it('do not turn a wrong address into a wrong method', async () => {
    const api = await anApi({ corsOrigins })

    expect((await api.tenant('GET', '/v1/nothing', { headers: ours })).statusCode).toBe(404)
  })
})
