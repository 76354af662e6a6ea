import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { strangersApi, tenantApi } from '../support/target.ts'

describe('the platform', () => {
  it('says that it runs and that each part is useful', async () => {
    const api = strangersApi()

    expect(await api.get('/livez')).toEqual({ status: 'running' })
    const ready = await api.get<{ status: string; parts: Record<string, string> }>('/readyz')

    expect(ready.status).toBe('ready')
    expect(new Set(Object.values(ready.parts))).toEqual(new Set(['ok']))
  })

  it('gives metrics in the form Prometheus reads', async () => {
    const { status, text } = await strangersApi().call('GET', '/metrics')

    expect(status).toBe(200)
    expect(text).toMatch(/^# TYPE \w+ (counter|gauge|histogram)$/m)
  })

  it('describes itself by OpenAPI 3.1 with an operation for every route', async () => {
    const document = await strangersApi().get<{
      openapi: string
      paths: Record<string, Record<string, { operationId?: string }>>
    }>('/openapi.json')

    expect(document.openapi).toMatch(/^3\.1\./)
    const ids = Object.values(document.paths)
      .flatMap((methods) => Object.values(methods))
      .map(({ operationId }) => operationId)
    expect(ids).toEqual(expect.arrayContaining(['requestLease', 'submitTask', 'putFile', 'getMe']))
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('shows its documents from its own assets under a content security policy', async () => {
    const api = strangersApi()
    const redirect = await api.call('GET', '/docs')
    const page = redirect.status === 200 ? redirect : await api.call('GET', '/docs/')

    expect(page.status).toBe(200)
    expect(page.headers.get('content-security-policy')).toMatch(/default-src '(none|self)'/)
    expect([...page.text.matchAll(/(?:src|href)="(https?:)?\/\//g)]).toEqual([])
  })

  it('answers an unknown address and an unknown method with a problem', async () => {
    const api = await tenantApi('olivia')

    expectProblem(await api.call('GET', '/v1/nothing'), 404, 'request/not-found')
    expectProblem(await api.call('PATCH', '/v1/leases'), 405, 'request/method-not-allowed')
  })
})
