import { noOpPath } from '../support/api-routes.ts'
import type { Benchmark } from '../support/benchmark.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, p99, perSecond, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { median } from '../support/statistics.ts'

export const createLease: Benchmark = {
  name: 'create-lease',
  title: 'POST /v1/leases : a route that does nothing, behind the same checks of the same server',
  unit: '×',
  goal: 0.35,
  better: 'higher',
  how: [
    'Requests per second, closed loop, 64 connections, all of one tenant; the median of five interleaved rounds of 3 s each after a warm-up.',
    'The no-op route is authenticated, rate limited, logged and validates the same body.',
    'The naive version is the same server with an admission of one transaction per request, a round trip per statement, the quota row first.',
    'Real: PostgreSQL with all of its durability, the queue on it, tokens and their keys. Fake: the machines of the pool. No worker runs.',
  ],
  run: (tell) =>
    withLoadedApi(1, async (api) => {
      const tokens = api.renters.map(({ token }) => token)
      const post = { method: 'POST', tokens, body: leaseBody } as const
      const answers = await interleave(
        api,
        {
          noOp: { ...post, url: api.urls.real, path: noOpPath },
          leases: { ...post, url: api.urls.real, path: '/v1/leases' },
          naive: { ...post, url: api.urls.naiveAdmission, path: '/v1/leases' },
        },
        tell,
      )
      const { noOp, leases, naive } = answers
      const runs = ratios(leases, noOp, perSecond)
      const middle = (of: typeof noOp, measure: typeof perSecond) => median(of.map(measure))
      return {
        value: median(runs),
        runs,
        also: [
          {
            name: 'p99 of leases : p99 of the no-op route',
            value: median(ratios(leases, noOp, p99)),
            unit: '×',
            goal: 3,
            better: 'lower',
          },
          { name: 'no-op route', value: middle(noOp, perSecond), unit: 'req/s' },
          { name: 'leases', value: middle(leases, perSecond), unit: 'req/s' },
          { name: 'p99 of leases', value: middle(leases, p99), unit: 'ms' },
        ],
        naive: [
          { name: 'naive : no-op', value: median(ratios(naive, noOp, perSecond)), unit: '×' },
          { name: 'naive p99 : no-op p99', value: median(ratios(naive, noOp, p99)), unit: '×' },
          { name: 'naive leases', value: middle(naive, perSecond), unit: 'req/s' },
        ],
      }
    }),
}
