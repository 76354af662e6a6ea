import { describe, expect, it } from 'vitest'
import { type AnApi, anApi, verdict } from '../../test/api-harness.ts'

const office = '192.0.2.7'
const elsewhere = '198.51.100.9'
const proxy = '10.0.0.1'
const rules = { allow: ['192.0.2.0/24', '2001:db8::/32'], deny: ['192.0.2.66'] }

type From = { readonly remoteAddress: string; readonly forwardedFor?: string }

function ask(api: AnApi, door: 'tenantApp' | 'operatorApp', url: string, from: From) {
  const person = door === 'tenantApp' ? 'olivia' : 'oscar'
  const { remoteAddress, forwardedFor } = from
  return api[door].inject({
    method: 'GET',
    url,
    remoteAddress,
    headers: {
      authorization: `Bearer ${api.platform.tokenOf(person)}`,
      ...(forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }),
    },
  })
}

async function limitedTenant(settings: Parameters<typeof anApi>[0] = {}): Promise<AnApi> {
  const api = await anApi(settings)
  await api.operator('PATCH', '/v1/tenants/ten_acme', { json: { networks: rules } })
  return api
}

describe('the networks of a tenant', () => {
  it.each([
    { what: 'an allowed network', remoteAddress: office, status: 200 },
    { what: 'an allowed network of IPv6', remoteAddress: '2001:db8::9', status: 200 },
    { what: 'an IPv4 address in the form of IPv6', remoteAddress: `::ffff:${office}`, status: 200 },
    { what: 'elsewhere', remoteAddress: elsewhere, status: 403 },
    { what: 'a denied address in an allowed network', remoteAddress: '192.0.2.66', status: 403 },
  ])('answer $status to $what', async ({ remoteAddress, status }) => {
    const api = await limitedTenant()

    const answer = await ask(api, 'tenantApp', '/v1/me', { remoteAddress })

    expect(answer.statusCode).toBe(status)
    if (status === 403) expect(verdict(answer).code).toBe('auth/address-refused')
  })

  it('are those of one tenant, and of nobody else', async () => {
    const api = await limitedTenant()

    const answer = await api.tenant('GET', '/v1/me', { as: 'gina' })

    expect(answer.statusCode).toBe(200)
  })

  it('open again when the operator empties the lists', async () => {
    const api = await limitedTenant()
    const refused = await ask(api, 'tenantApp', '/v1/me', { remoteAddress: elsewhere })

    await api.operator('PATCH', '/v1/tenants/ten_acme', {
      json: { networks: { allow: [], deny: [] } },
    })
    api.platform.clock.advance(6_000)

    expect(refused.statusCode).toBe(403)
    const answer = await ask(api, 'tenantApp', '/v1/me', { remoteAddress: elsewhere })
    expect(answer.statusCode).toBe(200)
  })

  it('are refused by the operator API when they are none', async () => {
    const api = await anApi()

    const answer = await api.operator('PATCH', '/v1/tenants/ten_acme', {
      json: { networks: { allow: ['192.0.2.1/24'], deny: [] } },
    })

    expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
    expect(answer.json().field).toBe('/networks/allow/0')
  })
})

describe('the address of a client', () => {
  const throughProxy = { trustProxy: [proxy, '10.1.0.0/16'] }

  it.each([
    {
      what: 'what it says itself, when no proxy is trusted',
      settings: {},
      from: { remoteAddress: elsewhere, forwardedFor: office },
      status: 403,
    },
    {
      what: 'what it says itself, when it is not the proxy',
      settings: throughProxy,
      from: { remoteAddress: elsewhere, forwardedFor: office },
      status: 403,
    },
    {
      what: 'what it put before the address that the proxy added',
      settings: throughProxy,
      from: { remoteAddress: proxy, forwardedFor: `${office}, ${elsewhere}` },
      status: 403,
    },
    {
      what: 'no address at all',
      settings: throughProxy,
      from: { remoteAddress: proxy, forwardedFor: 'office' },
      status: 403,
    },
    {
      what: 'what the proxy added',
      settings: throughProxy,
      from: { remoteAddress: proxy, forwardedFor: `${elsewhere}, ${office}` },
      status: 200,
    },
    {
      what: 'what the first of two proxies added',
      settings: throughProxy,
      from: { remoteAddress: proxy, forwardedFor: `${elsewhere}, ${office}, 10.1.2.3` },
      status: 200,
    },
  ])('is judged by $what: $status', async ({ settings, from, status }) => {
    const api = await limitedTenant(settings)

    expect((await ask(api, 'tenantApp', '/v1/me', from)).statusCode).toBe(status)
  })
})

describe('the networks of operators', () => {
  const operatorNetworks = { allow: ['192.0.2.0/24'], deny: [] }

  it('let nobody else in, with a good token, too, and before it is looked at', async () => {
    const api = await anApi({ operatorNetworks })

    const refused = await ask(api, 'operatorApp', '/v1/tenants', { remoteAddress: elsewhere })
    const documents = await ask(api, 'operatorApp', '/openapi.json', { remoteAddress: elsewhere })
    const answered = await ask(api, 'operatorApp', '/v1/tenants', { remoteAddress: office })

    expect(verdict(refused)).toEqual({ status: 403, code: 'auth/address-refused' })
    expect(documents.statusCode).toBe(403)
    expect(answered.statusCode).toBe(200)
  })

  it('leave health to whoever probes, and the tenant API as it is', async () => {
    const api = await anApi({ operatorNetworks })

    for (const path of ['/livez', '/readyz'])
      expect(
        (await ask(api, 'operatorApp', path, { remoteAddress: elsewhere })).statusCode,
        path,
      ).toBe(200)
    const answer = await ask(api, 'tenantApp', '/v1/me', { remoteAddress: elsewhere })
    expect(answer.statusCode).toBe(200)
  })

  it('are a door of their own: what operators do is nowhere on the port of tenants', async () => {
    const api = await anApi()

    for (const path of ['/v1/tenants', '/v1/pools', '/v1/quota-drift'])
      for (const as of ['oscar', 'olivia'] as const)
        expect((await api.tenant('GET', path, { as })).statusCode, `${as} ${path}`).toBe(404)
  })
})
