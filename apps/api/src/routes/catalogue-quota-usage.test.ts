import { aCapacity, aNode } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { anApi, aReadyLease, verdict } from '../../test/api-harness.ts'

describe('GET /v1/me', () => {
  it('says who the caller is, for whom they act and what they may do', async () => {
    const api = await anApi()

    const { permissions, ...me } = (await api.tenant('GET', '/v1/me', { as: 'bill' })).json()

    expect(me).toEqual({
      subject: 'bill',
      email: 'bill@acme.test',
      name: 'bill',
      tenant: { id: 'ten_acme', slug: 'acme', name: 'Acme', suspended: false },
      role: 'billing',
      tenants: [{ slug: 'acme', role: 'billing' }],
    })
    expect(permissions.sort()).toEqual([
      'catalogue:read',
      'members:read',
      'quota:read',
      'usage:read',
    ])
  })
})

describe('the catalogue', () => {
  it('lists machine types with price and what there is room for now', async () => {
    const api = await anApi()

    const { items } = (await api.tenant('GET', '/v1/machine-types')).json()

    expect(items.map(({ name }: { name: string }) => name)).toEqual(['small', 'tiny'])
    expect(items[1]).toMatchObject({
      vcpu: 1,
      memoryMiB: 1_024,
      pricePerHourMicros: 36_000,
      available: true,
      largestFit: 8,
      offers: [
        { pool: 'local', region: 'home', fitsNow: 8, pricePerHourMicros: 36_000, detail: null },
      ],
    })
  })

  it('gives one machine type, or 404', async () => {
    const api = await anApi()

    expect((await api.tenant('GET', '/v1/machine-types/tiny')).json().name).toBe('tiny')
    expect(verdict(await api.tenant('GET', '/v1/machine-types/huge'))).toEqual({
      status: 404,
      code: 'machine-type/not-found',
    })
  })

  it('lists GPU types with how many are free', async () => {
    const api = await anApi()

    const { items } = (await api.tenant('GET', '/v1/gpu-types')).json()

    expect(items).toMatchObject([
      { name: 'h100-80gb', total: 0, free: 0, available: false, largestFit: 0, offers: [] },
    ])
  })

  it('says what one machine can get of the GPUs that are free', async () => {
    const api = await anApi()
    const gpus = (free: number) => ({
      total: { 'gpu/h100-80gb': 2 },
      free: { 'gpu/h100-80gb': free },
    })
    api.platform.machines.capacity = async () => aCapacity([1, 1, 1].map((n) => aNode(gpus(n))))

    const { items } = (await api.tenant('GET', '/v1/gpu-types')).json()

    expect(items[0]).toMatchObject({
      total: 6,
      free: 3,
      available: true,
      largestFit: 1,
      pricePerHourMicros: 2_900_000,
      offers: [
        {
          pool: 'local',
          total: 6,
          free: 3,
          largestFit: 1,
          unitsPerCard: 1,
          pricePerHourMicros: 2_900_000,
          detail: '3 free, but no node has 2',
        },
      ],
    })
  })
})

describe('GET /v1/quota', () => {
  it('says what is used of every limit', async () => {
    const api = await anApi()
    await aReadyLease(api)

    const { items } = (await api.tenant('GET', '/v1/quota')).json()

    expect(items).toContainEqual({ resource: 'vcpu', limit: 16, used: 1, free: 15 })
    expect(items).toContainEqual({ resource: 'leases', limit: 8, used: 1, free: 7 })
  })
})

describe('GET /v1/usage', () => {
  it('reports seconds and money by day and by machine', async () => {
    const api = await anApi()
    const id = await aReadyLease(api)
    api.platform.clock.advance(3_600_000)

    const report = (await api.tenant('GET', '/v1/usage')).json()

    expect(report).toMatchObject({
      totalSeconds: 3_600,
      totalCostMicros: 36_000,
      items: [{ kind: 'lease', id, seconds: 3_600, costMicros: 36_000, endedAt: null }],
      byDay: [{ day: '2026-01-05', seconds: 3_600, costMicros: 36_000 }],
      byHolder: [{ kind: 'lease', id, seconds: 3_600, costMicros: 36_000 }],
      truncated: false,
    })
  })

  it('reports a period, whatever time zone it is named in', async () => {
    const api = await anApi()
    await aReadyLease(api)
    api.platform.clock.advance(3_600_000)
    const query = 'from=2026-01-05T13:30:00%2B01:00&to=2026-01-05T12:45:00Z'

    const report = (await api.tenant('GET', `/v1/usage?${query}`)).json()

    expect(report).toMatchObject({
      from: '2026-01-05T12:30:00.000Z',
      to: '2026-01-05T12:45:00.000Z',
      totalSeconds: 900,
    })
  })

  it('refuses a period that ends before it begins', async () => {
    const api = await anApi()
    const query = 'from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z'

    const answer = await api.tenant('GET', `/v1/usage?${query}`)

    expect(verdict(answer)).toEqual({ status: 400, code: 'request/invalid' })
  })

  it('has nothing of other tenants', async () => {
    const api = await anApi()
    await aReadyLease(api)
    api.platform.clock.advance(3_600_000)

    expect((await api.tenant('GET', '/v1/usage', { as: 'gina' })).json().items).toEqual([])
  })
})
