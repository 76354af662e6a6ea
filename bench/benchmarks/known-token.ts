import { knownPath, noOpPath, openNoOpPath, openPath } from '../support/api-routes.ts'
import type { Benchmark } from '../support/benchmark.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, p99, perSecond, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { median } from '../support/statistics.ts'

const callers = 256
/** Many short ones: what is compared differs by less than a busy host does from one moment to the next. */
const rounds = { rounds: 15, seconds: 1 }

export const knownToken: Benchmark = {
  name: 'known-token',
  title: 'a route for callers whose token was seen before : the same route without a caller',
  unit: '×',
  goal: 0.85,
  better: 'higher',
  how: [
    'Requests per second, closed loop, 64 connections, 256 callers of 256 tenants with RS256 tokens; the median of 15 interleaved rounds of 1 s each after a warm-up.',
    'Both routes validate the body of a request for a lease and do nothing; the first one does all that a caller costs besides: the token, the tenant, the role and the rate limit.',
    'Beside it the same pair as a GET without a body, where nothing else is done at all.',
    'The naive version is the same server that verifies the token of every request.',
    'All real: the verifier, its key endpoint, PostgreSQL behind the tenants.',
  ],
  run: (tell) =>
    withLoadedApi(callers, async (api) => {
      const tokens = api.renters.map(({ token }) => token)
      const post = { method: 'POST', url: api.urls.real, body: leaseBody } as const
      const get = { method: 'GET', url: api.urls.real } as const
      const { open, known, naive, openGet, knownGet } = await interleave(
        api,
        {
          open: { ...post, path: openNoOpPath, tokens: [] },
          known: { ...post, path: noOpPath, tokens },
          naive: { ...post, url: api.urls.naiveTokens, path: noOpPath, tokens },
          openGet: { ...get, path: openPath, tokens: [] },
          knownGet: { ...get, path: knownPath, tokens },
        },
        tell,
        rounds,
      )
      const runs = ratios(known, open, perSecond)
      return {
        value: median(runs),
        runs,
        also: [
          {
            name: 'the same as a GET without a body',
            value: median(ratios(knownGet, openGet, perSecond)),
            unit: '×',
          },
          { name: 'open route', value: median(open.map(perSecond)), unit: 'req/s' },
          { name: 'known callers', value: median(known.map(perSecond)), unit: 'req/s' },
          { name: 'p99 of known callers', value: median(known.map(p99)), unit: 'ms' },
        ],
        naive: [
          {
            name: 'verified every time : open',
            value: median(ratios(naive, open, perSecond)),
            unit: '×',
          },
          { name: 'verified every time', value: median(naive.map(perSecond)), unit: 'req/s' },
        ],
      }
    }),
}
