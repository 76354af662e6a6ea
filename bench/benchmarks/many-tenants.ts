import type { Benchmark } from '../support/benchmark.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, type LoadedApi, p99, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { copyLeaseToTenants, requestSomeLeases } from '../support/standing-leases.ts'
import { median } from '../support/statistics.ts'

const few = 10
const many = 10_000
const leasesEach = 20
const rounds = { rounds: 9, seconds: 2 }

export const manyTenants: Benchmark = {
  name: 'many-tenants',
  title: 'p99 of listing and requesting leases beside 10,000 tenants : beside 10',
  unit: '×',
  goal: 1.2,
  better: 'lower',
  how: [
    'Two installations, each an API and a PostgreSQL of its own: one with 10 tenants, one with 10,000, every tenant with 20 leases.',
    'The same 10 tenants ask in both, closed loop, 64 connections; nine interleaved rounds of 2 s each; the greater of the two medians counts.',
    'Beside it the load of all 10,000 tenants in turn, most of whom nobody has seen for a while: there each request verifies a token and reads its tenant.',
    'Real: PostgreSQL with all of its durability, tokens and their keys. Fake: the machines of the pool; leases are copies of one. No worker runs.',
  ],
  run: (tell) =>
    withLoadedApi(few, (small) =>
      withLoadedApi(many, async (large) => {
        for (const api of [small, large]) await furnish(api)
        tell(`${few} and ${many} tenants have ${leasesEach} leases each`)
        const list = { method: 'GET', path: `/v1/leases?limit=${leasesEach}` } as const
        const ask = { method: 'POST', path: '/v1/leases', body: leaseBody } as const
        const to = (api: LoadedApi) => ({ url: api.urls.real, tokens: tokensOf(api, few) })
        const all = { url: large.urls.real, tokens: tokensOf(large, many) }
        const answers = await interleave(
          small,
          {
            fewList: { ...list, ...to(small) },
            manyList: { ...list, ...to(large) },
            fewAsk: { ...ask, ...to(small) },
            manyAsk: { ...ask, ...to(large) },
            allList: { ...list, ...all },
          },
          tell,
          rounds,
        )
        const ofList = ratios(answers.manyList, answers.fewList, p99)
        const ofAsk = ratios(answers.manyAsk, answers.fewAsk, p99)
        const runs = ofList.map((ratio, at) => Math.max(ratio, ofAsk[at] ?? 0))
        const middle = (of: typeof answers.fewAsk) => median(of.map(p99))
        return {
          value: Math.max(median(ofList), median(ofAsk)),
          runs,
          also: [
            { name: 'lists', value: median(ofList), unit: '×' },
            { name: 'requests', value: median(ofAsk), unit: '×' },
            { name: 'p99 of lists beside 10,000', value: middle(answers.manyList), unit: 'ms' },
            { name: 'p99 of requests beside 10,000', value: middle(answers.manyAsk), unit: 'ms' },
            {
              name: 'p99 of lists, all 10,000 in turn',
              value: middle(answers.allList),
              unit: 'ms',
            },
          ],
          naive: [],
        }
      }),
    ),
}

function tokensOf(api: LoadedApi, count: number): readonly string[] {
  return api.renters.slice(0, count).map(({ token }) => token)
}

async function furnish(api: LoadedApi): Promise<void> {
  const [first] = tokensOf(api, 1)
  if (first === undefined) throw new Error('There is no tenant.')
  const [leaseId] = await requestSomeLeases(api.urls.real, [first], leasesEach)
  if (leaseId === undefined) throw new Error('There is no lease.')
  await copyLeaseToTenants(api.databaseUrl, leaseId, leasesEach)
}
