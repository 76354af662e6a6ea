import { describe, expect, it } from 'vitest'
import { anApi } from '../../test/api-harness.ts'

describe('/livez', () => {
  it('says that the process runs, whatever else is broken', async () => {
    const api = await anApi({}, () => ({ checks: { ...broken('database') } as never }))

    const answer = await api.tenant('GET', '/livez', { as: null })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({ status: 'running' })
  })
})

describe('/readyz', () => {
  it('is 200 while every part answers', async () => {
    const api = await anApi()

    const answer = await api.tenant('GET', '/readyz', { as: null })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toEqual({
      status: 'ready',
      parts: { database: 'ok', queue: 'ok', objectStore: 'ok', 'pool local': 'ok' },
    })
  })

  it('is 200 while a pool is in trouble, which is no reason to keep clients from the others', async () => {
    const trouble = () => ({ detail: 'connect 10.0.0.9:6443 refused', since: 0 })
    const api = await anApi({}, ({ pools }) => ({
      pools: { ...pools, all: () => pools.all().map((pool) => ({ ...pool, trouble })) },
    }))

    const answer = await api.tenant('GET', '/readyz', { as: null })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ status: 'ready', parts: { 'pool local': 'degraded' } })
    expect(answer.body).not.toContain('10.0.0.9')
    expect((await api.operator('GET', '/v1/pools')).json().items).toMatchObject([
      { status: 'degraded', trouble: { detail: 'connect 10.0.0.9:6443 refused' } },
    ])
  })

  it('is 200 while the identity provider is down, since known tokens go on working', async () => {
    const api = await anApi({}, () => ({ sideChecks: broken('identity') as never }) as never)

    const answer = await api.tenant('GET', '/readyz', { as: null })

    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({ status: 'ready', parts: { identity: 'degraded' } })
  })

  it('is 503, names the part and says nothing of why, when one fails', async () => {
    const api = await anApi({}, ({ checks }) => ({ checks: { ...checks, ...broken('queue') } }))

    const answer = await api.tenant('GET', '/readyz', { as: null })

    expect(answer.statusCode).toBe(503)
    expect(answer.json()).toEqual({
      status: 'not-ready',
      parts: { database: 'ok', queue: 'failing', objectStore: 'ok', 'pool local': 'ok' },
    })
    expect(answer.body).not.toContain('10.0.0.9')
    expect(api.platform.log.lines.find(({ level }) => level === 'warn')?.fields.part).toBe('queue')
  })

  it('asks the parts once for many who ask at the same time', async () => {
    let asked = 0
    const api = await anApi({}, () => ({
      checks: {
        database: async () => {
          asked++
        },
      } as never,
    }))

    await Promise.all(Array.from({ length: 20 }, () => api.tenant('GET', '/readyz', { as: null })))

    expect(asked).toBe(1)
  })

  it('gives every part two seconds and not more', async () => {
    let signal: AbortSignal | null = null
    const api = await anApi({}, () => ({
      checks: {
        database: (given: AbortSignal) => {
          signal = given
          return Promise.reject(given.reason ?? new Error('asked'))
        },
      } as never,
    }))

    await api.tenant('GET', '/readyz', { as: null })

    expect(signal).toBeInstanceOf(AbortSignal)
  })
})

describe('/metrics', () => {
  it('is the text of the registry, and there without a token', async () => {
    const observed: unknown[] = []
    const metrics = {
      contentType: 'text/plain; version=0.0.4; charset=utf-8',
      render: () => 'leasehold_up 1\n',
      observeRequest: (facts: unknown) => observed.push(facts),
    }
    const api = await anApi({}, () => ({ metrics }) as never)

    const answer = await api.tenant('GET', '/metrics', { as: null })
    await api.tenant('GET', '/v1/leases/lse_1')
    await api.tenant('GET', '/nowhere')

    expect(answer.body).toBe('leasehold_up 1\n')
    expect(answer.headers['content-type']).toBe(metrics.contentType)
    expect(observed).toMatchObject([
      { app: 'tenant-api', method: 'GET', route: '/metrics', status: 200 },
      { route: '/v1/leases/:leaseId', status: 404 },
      { route: 'unmatched', status: 404 },
    ])
  })
})

function broken(name: string) {
  return {
    [name]: async () => {
      throw new Error('connect ECONNREFUSED 10.0.0.9:5432')
    },
  }
}
