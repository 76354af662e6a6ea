import { knownPath, noOpPath, openNoOpPath, openPath } from '../support/api-routes.ts'
import type { Benchmark } from '../support/benchmark.ts'
import { knownAgainstOpen } from '../support/known-against-open.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, perSecond, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { median } from '../support/statistics.ts'

const callers = 256
const few = { rounds: 7, seconds: 1 }

export const knownToken: Benchmark = {
  name: 'known-token',
  title: 'a route for callers whose token was seen before : the same route without a caller',
  unit: '×',
  goal: 0.85,
  better: 'higher',
  how: [
    'Requests per second, closed loop, 64 connections, 256 callers of 256 tenants with ES256 tokens, as our realm and the development issuer sign them; the median of 21 rounds of 1 s each after a warm-up, in which nothing but the two takes turns: what is remembered for seconds would be forgotten while others are measured.',
    'What is remembered runs out in between as it does under steady load: a scope after 0.5 s, a caller after 2 s, a tenant after 5 s.',
    'Both routes validate the body of a request for a lease and do nothing; the first one does all that a caller costs besides: the token, the tenant, the role and the rate limit.',
    'Beside it the same pair as a GET without a body, where nothing else is done at all.',
    'The naive version is the same server that verifies the token of every request.',
    'The server has the options of Node.js that an installation gives it (a space for new objects of 4 MB, which stays in the cache of the processor).',
    'All real: the verifier, its key endpoint, PostgreSQL behind the tenants.',
  ],
  run: (tell) =>
    withLoadedApi(callers, async (api) => {
      const tokens = api.renters.map(({ token }) => token)
      const { runs, figures } = await knownAgainstOpen(api, tell)
      const post = { method: 'POST', url: api.urls.real, body: leaseBody } as const
      const get = { method: 'GET', url: api.urls.real } as const
      const openRoute = { ...post, path: openNoOpPath, tokens: [] }
      const knownRoute = { ...post, path: noOpPath, tokens }
      const { openGet, knownGet } = await interleave(
        api,
        {
          openGet: { ...get, path: openPath, tokens: [] },
          knownGet: { ...get, path: knownPath, tokens },
        },
        tell,
        few,
      )
      const { openBeside, naive } = await interleave(
        api,
        { openBeside: openRoute, naive: { ...knownRoute, url: api.urls.naiveTokens } },
        tell,
        few,
      )
      return {
        value: median(runs),
        runs,
        also: [
          {
            name: 'the same as a GET without a body',
            value: median(ratios(knownGet, openGet, perSecond)),
            unit: '×',
          },
          ...figures,
        ],
        naive: [
          {
            name: 'verified every time : open',
            value: median(ratios(naive, openBeside, perSecond)),
            unit: '×',
          },
          { name: 'verified every time', value: median(naive.map(perSecond)), unit: 'req/s' },
        ],
      }
    }),
}
