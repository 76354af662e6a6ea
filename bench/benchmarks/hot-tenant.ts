import type { Benchmark } from '../support/benchmark.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, p99, perSecond, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { median } from '../support/statistics.ts'

const tenants = 2_000

export const hotTenant: Benchmark = {
  name: 'hot-tenant',
  title: 'POST /v1/leases, all of one tenant : the same number of connections over 2,000 tenants',
  unit: '×',
  goal: 0.9,
  better: 'higher',
  how: [
    'Requests per second, closed loop, 64 connections; the median of five interleaved rounds of 3 s each after a warm-up.',
    'Spread: each connection goes through its share of the 2,000 tenants, each with a token and quota rows of its own.',
    'The naive version is the same pair on an admission of one transaction per request, a round trip per statement, the quota row first.',
    'Real: PostgreSQL with all of its durability, the queue on it, tokens and their keys. Fake: the machines of the pool. No worker runs.',
  ],
  run: (tell) =>
    withLoadedApi(tenants, async (api) => {
      const all = api.renters.map(({ token }) => token)
      const one = all.slice(0, 1)
      const post = { method: 'POST', path: '/v1/leases', body: leaseBody } as const
      const { hot, spread, naiveHot, naiveSpread } = await interleave(
        api,
        {
          hot: { ...post, url: api.urls.real, tokens: one },
          spread: { ...post, url: api.urls.real, tokens: all },
          naiveHot: { ...post, url: api.urls.naiveAdmission, tokens: one },
          naiveSpread: { ...post, url: api.urls.naiveAdmission, tokens: all },
        },
        tell,
      )
      const runs = ratios(hot, spread, perSecond)
      return {
        value: median(runs),
        runs,
        also: [
          { name: 'p99 of one tenant', value: median(hot.map(p99)), unit: 'ms' },
          { name: 'p99 over 2,000 tenants', value: median(spread.map(p99)), unit: 'ms' },
          { name: 'one tenant', value: median(hot.map(perSecond)), unit: 'req/s' },
          { name: '2,000 tenants', value: median(spread.map(perSecond)), unit: 'req/s' },
        ],
        naive: [
          {
            name: 'naive, one : 2,000 tenants',
            value: median(ratios(naiveHot, naiveSpread, perSecond)),
            unit: '×',
          },
          { name: 'naive, one tenant', value: median(naiveHot.map(perSecond)), unit: 'req/s' },
          {
            name: 'naive, 2,000 tenants',
            value: median(naiveSpread.map(perSecond)),
            unit: 'req/s',
          },
        ],
      }
    }),
}
