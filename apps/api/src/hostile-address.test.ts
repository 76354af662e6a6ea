import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../test/api-harness.ts'

const api = await anApi()

describe('an address', () => {
  it.each([
    { url: '/v1/leases/%zz', status: 400 },
    { url: '/v1/leases/a%00b', status: 400 },
    { url: '/v1/leases/..%2f..%2fetc', status: 400 },
    { url: `/v1/leases/${'x'.repeat(65)}`, status: 400 },
    { url: `/v1/leases/${'x'.repeat(8_000)}`, status: 400 },
    { url: "/v1/leases/' OR 1=1 --", status: 400 },
    { url: '/v1/leases?limit=0', status: 400 },
    { url: '/v1/leases?limit=201', status: 400 },
    { url: '/v1/leases?limit=ten', status: 400 },
    { url: '/v1/leases?limit=1&limit=2', status: 400 },
    { url: '/v1/leases?cursor=%00', status: 400 },
    { url: '/v1/leases?cursor=made-up', status: 400 },
    { url: '/v1/leases?state=sleeping', status: 400 },
    { url: '/v1/leases?label=no-equals-sign', status: 400 },
    { url: '/v1/leases?label=a=b%00', status: 400 },
    { url: '/v1/leases?tenantId=ten_globex', status: 400 },
    { url: '/v1/leases?__proto__[x]=1', status: 400 },
    { url: '/v1/files?prefix=../', status: 400 },
    { url: '/v1/files/a%00b', status: 400 },
    { url: '/v1/files/..%2f..%2fetc/passwd', status: 400 },
    { url: '/v1/files/a%2f..%2Fb', status: 400 },
    { url: '/v1/files//a', status: 400 },
    { url: '/v1/files/a%0d%0ab', status: 400 },
    { url: `/v1/files/${'x'.repeat(901)}`, status: 400 },
    { url: '/v1/usage?from=yesterday', status: 400 },
    { url: '/v1/usage?from=2026-13-01T00:00:00Z', status: 400 },
    { url: '/v1/machine-types/UPPER', status: 400 },
    { url: '/v2/leases', status: 404 },
    { url: '/v1/leases/', status: 400 },
    { url: '//v1/leases', status: 404 },
  ])('$url is answered with $status', async ({ url, status }) => {
    const answer = await api.tenant('GET', url)

    expect(answer.statusCode, answer.body).toBe(status)
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })
})

describe('a header', () => {
  it.each([
    { authorization: 'Basic b2xpdmlhOm9saXZpYQ==' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: 'Bearer two words' },
    { authorization: `Bearer ${'x'.repeat(20_000)}` },
    { authorization: 'Bearer ü' },
    { authorization: 'token' },
  ])('with credentials of another form is refused with 401', async (headers) => {
    const answer = await api.tenant('GET', '/v1/me', { as: null, headers })

    expect(verdict(answer)).toEqual({ status: 401, code: 'auth/unauthenticated' })
  })

  it.each(['globex', 'acme2', 'ACME', '../acme', 'x'.repeat(500)])(
    'that names the tenant %j is refused in the same words, whether there is one or not',
    async (slug) => {
      const answer = await api.tenant('GET', '/v1/me', { headers: { 'leasehold-tenant': slug } })

      expect(verdict(answer)).toEqual({ status: 404, code: 'tenant/not-found' })
      expect(answer.json().detail).toBe('There is no such tenant, or you are not in it.')
    },
  )
})
