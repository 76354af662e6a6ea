import { DomainError, type TenantId } from '@leasehold/domain'
import { aPublicKey } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi, leaseBody, verdict } from '../../test/api-harness.ts'

const key = { 'idempotency-key': 'key-1' }

describe('a request with an Idempotency-Key', () => {
  it('sent again gets the same answer byte for byte, marked as repeated', async () => {
    const api = await anApi()

    const first = await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })
    await api.platform.settle()
    const again = await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    expect(again.body).toBe(first.body)
    expect(again.statusCode).toBe(202)
    for (const name of ['content-type', 'location'])
      expect(again.headers[name], name).toBe(first.headers[name])
    expect(first.headers['idempotency-replayed']).toBeUndefined()
    expect(again.headers['idempotency-replayed']).toBe('true')
  })

  it('sent a hundred times at once makes one lease and gets one answer', async () => {
    const api = await anApi()
    const send = () => api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    const answers = await Promise.all(Array.from({ length: 100 }, send))

    expect(new Set(answers.map(({ statusCode }) => statusCode))).toEqual(new Set([202]))
    expect(new Set(answers.map(({ body }) => body)).size).toBe(1)
    expect((await api.tenant('GET', '/v1/leases')).json().items).toHaveLength(1)
  })

  it('and another body is refused with 422, and nothing is made', async () => {
    const api = await anApi()
    await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    const other = { ...leaseBody, name: 'other' }
    const answer = await api.tenant('POST', '/v1/leases', { json: other, headers: key })

    expect(verdict(answer)).toEqual({ status: 422, code: 'idempotency/key-reused' })
    expect(answer.json().field).toBe('/headers/idempotency-key')
    expect((await api.tenant('GET', '/v1/leases')).json().items).toHaveLength(1)
  })

  it('and another address is refused with 422', async () => {
    const api = await anApi()
    const json = { name: 'laptop', publicKey: aPublicKey() }
    await api.tenant('POST', '/v1/ssh-keys', { json, headers: key })

    const answer = await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    expect(verdict(answer)).toEqual({ status: 422, code: 'idempotency/key-reused' })
  })

  it('of another tenant is another request', async () => {
    const api = await anApi()
    const first = await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    const other = await api.tenant('POST', '/v1/leases', {
      as: 'gina',
      json: leaseBody,
      headers: key,
    })

    expect(other.headers['idempotency-replayed']).toBeUndefined()
    expect(other.json().id).not.toBe(first.json().id)
  })

  it.each(['', 'a b', 'ü', 'x'.repeat(65), 'a\u0000', 'semi;colon'])(
    'is refused with 400 when the key is %j',
    async (bad) => {
      const api = await anApi()

      const answer = await api.tenant('POST', '/v1/leases', {
        json: leaseBody,
        headers: { 'idempotency-key': bad },
      })

      expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
      expect(answer.json().field).toBe('/headers/idempotency-key')
    },
  )
})

describe('what is kept', () => {
  it('is a refusal that would never change', async () => {
    const api = await anApi()
    const send = () => api.tenant('POST', '/v1/leases/lse_missing/stop', { headers: key })

    const first = await send()
    const again = await send()

    expect(verdict(first)).toEqual({ status: 404, code: 'lease/not-found' })
    expect(again.body).toBe(first.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
    expect(again.headers['content-type']).toBe('application/problem+json; charset=utf-8')
  })

  it('is not a refusal that may be another one later: the quota was raised', async () => {
    const api = await anApi()
    const tenantId = 'ten_acme' as TenantId
    const operator = { kind: 'operator', id: 'oscar' } as const
    await api.platform.quotas.setLimit(tenantId, 'leases', 0, operator)
    const send = () => api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })
    expect(verdict(await send())).toEqual({ status: 403, code: 'quota/exceeded' })

    await api.platform.quotas.setLimit(tenantId, 'leases', 1, operator)

    expect((await send()).statusCode).toBe(202)
  })

  it('is not a failure of ours: the next try may work, and makes one thing', async () => {
    const api = await anApi({}, (platform) => {
      let isFirst = true
      const { admit } = platform.leases
      const leases = Object.assign(Object.create(platform.leases), {
        // The row is there, the answer is lost: as when the connection breaks right after the commit.
        admit: async (...args: Parameters<typeof admit>) => {
          const admission = await platform.leases.admit(...args)
          if (isFirst) {
            isFirst = false
            throw new Error('connection lost')
          }
          return admission
        },
      })
      return { leases }
    })
    const send = () => api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    const failed = await send()
    const answer = await send()

    expect(verdict(failed)).toEqual({ status: 500, code: 'internal' })
    expect(answer.statusCode).toBe(202)
    expect((await api.tenant('GET', '/v1/leases')).json().items).toHaveLength(1)
  })

  it('is never a one-time link: a repetition makes another one, and none is stored', async () => {
    const api = await anApi()
    const id = (await api.tenant('POST', '/v1/leases', { json: leaseBody })).json().id
    await api.platform.settle()
    const send = () => api.tenant('POST', `/v1/leases/${id}/jupyter-link`, { headers: key })

    const first = await send()
    const again = await send()

    expect([first.statusCode, again.statusCode]).toEqual([201, 201])
    expect(again.json().url).not.toBe(first.json().url)
    expect(api.platform.memory.answers.size).toBe(0)
  })
})

describe('while the first request is still being worked on', () => {
  it('the second waits, then is told to come back', async () => {
    const api = await anApi()
    const { idempotency, clock } = api.platform
    await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })
    const [stored] = [...api.platform.memory.answers.values()]
    await idempotency.claim('ten_acme', 'key-2', stored?.fingerprint ?? '', clock.now(), 60_000)
    const before = clock.now()

    const answer = await api.tenant('POST', '/v1/leases', {
      json: leaseBody,
      headers: { 'idempotency-key': 'key-2' },
    })

    expect(verdict(answer)).toEqual({ status: 409, code: 'idempotency/in-progress' })
    expect(clock.now() - before).toBeGreaterThanOrEqual(10_000)
  })

  it('a claim that nobody finished is taken over once it is stale', async () => {
    const api = await anApi({ idempotency: { waitMs: 5_000, pollMs: 25, staleMs: 1_000 } })
    const { idempotency, clock, memory } = api.platform
    await api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })
    const [stored] = [...memory.answers.values()]
    await idempotency.claim('ten_acme', 'key-2', stored?.fingerprint ?? '', clock.now(), 60_000)

    const answer = await api.tenant('POST', '/v1/leases', {
      json: leaseBody,
      headers: { 'idempotency-key': 'key-2' },
    })

    expect(answer.statusCode).toBe(202)
  })
})

describe('when answers cannot be stored', () => {
  it('none is given, and a repetition gets one that is given again byte for byte', async () => {
    let isAway = true
    const api = await anApi({}, ({ idempotency }) => ({
      idempotency: Object.assign(Object.create(idempotency), {
        finish: async (...args: Parameters<typeof idempotency.finish>) => {
          if (isAway) throw new DomainError('service/unavailable', 'The database does not answer.')
          return idempotency.finish(...args)
        },
      }),
    }))
    const ask = () => api.tenant('POST', '/v1/leases', { json: leaseBody, headers: key })

    const refused = await ask()
    isAway = false
    const first = await ask()
    const again = await ask()

    expect(refused.statusCode).toBe(503)
    expect(refused.json().code).toBe('service/unavailable')
    expect(first.statusCode).toBe(202)
    expect(again.body).toBe(first.body)
    expect([...api.platform.memory.leases.keys()]).toEqual([first.json().id])
    expect(api.platform.log.lines.map(({ message }) => message)).toContain(
      'idempotent answer not stored',
    )
  })
})

describe('the operator API', () => {
  it('keeps keys per operator', async () => {
    const api = await anApi()
    const json = { slug: 'initech', name: 'Initech', tier: 'dev' }

    const first = await api.operator('POST', '/v1/tenants', { json, headers: key })
    const again = await api.operator('POST', '/v1/tenants', { json, headers: key })

    expect(first.statusCode).toBe(201)
    expect(again.body).toBe(first.body)
    expect(again.headers['idempotency-replayed']).toBe('true')
  })
})
