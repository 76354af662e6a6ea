import type { GpuType, MachineType, Quota, Usage } from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import { expectProblem } from '../support/problems.ts'
import { tenantApi } from '../support/target.ts'

type List<Item> = { readonly items: readonly Item[] }

describe('the catalogue', () => {
  it('offers what the local pool can run and shows what it cannot', async () => {
    const api = await tenantApi('victor')
    const { items } = await api.get<List<MachineType>>('/v1/machine-types')
    const offered = items.filter(({ offers }) => offers.length > 0).map(({ name }) => name)

    expect(offered.toSorted()).toEqual(['small', 'tiny'])
    expect(items.map(({ name }) => name)).toContain('ai-training')
    expect(await api.get<MachineType>('/v1/machine-types/tiny')).toMatchObject({
      vcpu: 1,
      memoryMiB: 1_024,
      images: ['debian-12'],
    })
  })

  it('shows GPUs with price and what is free of them', async () => {
    const { items } = await (await tenantApi('mia')).get<List<GpuType>>('/v1/gpu-types')

    expect(items.length).toBeGreaterThan(0)
    for (const gpu of items) expect(gpu).toMatchObject({ total: 0, free: 0 })
  })

  it('knows no machine type of another name', async () => {
    const answer = await (await tenantApi('mia')).call('GET', '/v1/machine-types/huge')

    expectProblem(answer, 404, 'machine-type/not-found')
  })
})

describe('a tenant', () => {
  it('sees each limit, what is used and what is free', async () => {
    const { items } = await (await tenantApi('bill')).get<List<Quota>>('/v1/quota')

    expect(items.map(({ resource }) => resource)).toEqual(
      expect.arrayContaining(['vcpu', 'memory-mib', 'disk-gib', 'leases', 'queued-tasks']),
    )
    for (const row of items) expect(row.free).toBe(Math.max(0, row.limit - row.used))
  })

  it('sees usage of a period, which adds up', async () => {
    const usage = await (await tenantApi('bill')).get<Usage>('/v1/usage')

    expect(usage.totalSeconds).toBe(usage.items.reduce((sum, { seconds }) => sum + seconds, 0))
    expect(usage.totalCostMicros).toBe(usage.items.reduce((sum, item) => sum + item.costMicros, 0))
  })

  it.each(['?from=yesterday', '?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z'])(
    'is told that a period makes no sense: %s',
    async (query) => {
      const answer = await (await tenantApi('bill')).call('GET', `/v1/usage${query}`)

      expectProblem(answer, 400, 'request/invalid')
    },
  )
})
