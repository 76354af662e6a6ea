import { describe, expect, it } from 'vitest'
import { anApi, leaseBody } from '../../test/api-harness.ts'

describe('the line about a request', () => {
  it('says who asked what of whom, and how it ended', async () => {
    const api = await anApi()

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody })

    expect(api.platform.log.lines).toHaveLength(1)
    expect(api.platform.log.lines[0]).toMatchObject({
      level: 'info',
      message: 'request finished',
      fields: {
        server: 'tenant-api',
        method: 'POST',
        route: '/v1/leases',
        status: 202,
        tenantId: 'ten_acme',
        memberId: 'olivia',
        leaseId: answer.json().id,
        requestId: answer.headers['x-request-id'],
        outcome: 'answered',
      },
    })
  })

  it('holds no token, no body, no query and no file name', async () => {
    const api = await anApi()

    await api.tenant('POST', '/v1/tasks', {
      json: { script: 'print("secret-in-script")', environment: { KEY: 'secret-in-environment' } },
    })
    await api.tenant('GET', '/v1/leases?label=key%3Dsecret-in-query')
    await api.tenant('PUT', '/v1/files/secret-in-path', { body: 'secret-in-file' })
    await api.tenant('GET', '/v1/me', { headers: { authorization: 'Bearer secret-in-token' } })

    const text = JSON.stringify(api.platform.log.lines)
    expect(api.platform.log.lines).toHaveLength(4)
    expect(text).not.toContain('secret-in')
    expect(text).not.toContain(api.platform.tokenOf('olivia'))
  })

  it('has the code of a refusal, and is no error', async () => {
    const api = await anApi()

    await api.tenant('GET', '/v1/leases/lse_missing')

    expect(api.platform.log.lines[0]).toMatchObject({
      level: 'info',
      fields: { status: 404, code: 'lease/not-found' },
    })
  })

  it('has an id of its own for every request, whatever the client claims', async () => {
    const api = await anApi()
    const headers = { 'x-request-id': 'forged', 'request-id': 'forged' }

    const answers = [
      await api.tenant('GET', '/v1/me', { headers }),
      await api.tenant('GET', '/v1/me', { headers }),
    ]

    const ids = answers.map((answer) => answer.headers['x-request-id'])
    expect(new Set(ids).size).toBe(2)
    expect(ids).not.toContain('forged')
  })
})

describe('every answer', () => {
  it.each(['/v1/me', '/v1/nothing', '/livez', '/openapi.json', '/docs/'])(
    'of %s is guarded against sniffing, framing and referrers, and open to no other origin',
    async (path) => {
      const api = await anApi()

      const { headers } = await api.tenant('GET', path, {
        headers: { origin: 'https://evil.test' },
      })

      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
      })
      expect(headers['access-control-allow-origin']).toBeUndefined()
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers.server).toBeUndefined()
    },
  )
})

describe('/docs', () => {
  it('is served from here alone, under a policy that forbids everything else', async () => {
    const api = await anApi()

    const page = await api.tenant('GET', '/docs/', { as: null })
    const script = await api.tenant('GET', '/docs/static/swagger-ui-bundle.js', { as: null })

    const policy = String(page.headers['content-security-policy'])
    expect(page.statusCode).toBe(200)
    expect(script.statusCode).toBe(200)
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/https?:|\*/)
    expect(page.body).not.toMatch(/(src|href)="https?:/)
  })

  it('shows the document that /openapi.json gives', async () => {
    const api = await anApi()

    const page = await api.tenant('GET', '/docs/json', { as: null })
    const document = await api.tenant('GET', '/openapi.json', { as: null })

    expect(page.json()).toEqual(document.json())
  })
})
