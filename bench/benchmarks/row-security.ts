import type { Benchmark } from '../support/benchmark.ts'
import { leaseBody } from '../support/lease-body.ts'
import { interleave, perSecond, ratios, withLoadedApi } from '../support/load-rounds.ts'
import { copyLeaseToTenants, requestSomeLeases } from '../support/standing-leases.ts'
import { median } from '../support/statistics.ts'

const rounds = { rounds: 9, seconds: 2 }
const pageOfLeases = 20
const otherTenants = 99
const leasesOfOthers = 100

export const rowSecurity: Benchmark = {
  name: 'row-security',
  title: 'lease routes with row-level security : the same routes without',
  unit: '×',
  goal: 0.9,
  better: 'higher',
  how: [
    'Requests per second, closed loop, 64 connections of one tenant; the median of nine interleaved rounds of 2 s each, each round the mean of three ratios: one lease, a list of 20, a request for one.',
    `${otherTenants} other tenants have ${leasesOfOthers} leases each, and PostgreSQL knows it (ANALYZE): plans made for an empty table would be measured instead.`,
    'Without: the same server and stores, whose statements go to the database as they are, without a tenant that is entered first.',
    'A request for a lease is admitted in both by the same statement, which acts for several tenants; what differs there is what it reads beside.',
    'Real: PostgreSQL with all of its durability, tokens and their keys. Fake: the machines of the pool. No worker runs.',
  ],
  run: (tell) =>
    withLoadedApi(1 + otherTenants, async (api) => {
      const tokens = api.renters.slice(0, 1).map(({ token }) => token)
      const [leaseId = ''] = await requestSomeLeases(api.urls.real, tokens, pageOfLeases)
      await copyLeaseToTenants(api.databaseUrl, leaseId, leasesOfOthers)
      const walled = { url: api.urls.real, tokens }
      const open = { url: api.urls.noRowSecurity, tokens }
      const one = { method: 'GET', path: `/v1/leases/${leaseId}` } as const
      const list = { method: 'GET', path: `/v1/leases?limit=${pageOfLeases}` } as const
      const ask = { method: 'POST', path: '/v1/leases', body: leaseBody } as const
      const answers = await interleave(
        api,
        {
          one: { ...one, ...walled },
          openOne: { ...one, ...open },
          list: { ...list, ...walled },
          openList: { ...list, ...open },
          ask: { ...ask, ...walled },
          openAsk: { ...ask, ...open },
        },
        tell,
        rounds,
      )
      const ofOne = ratios(answers.one, answers.openOne, perSecond)
      const ofList = ratios(answers.list, answers.openList, perSecond)
      const ofAsk = ratios(answers.ask, answers.openAsk, perSecond)
      const runs = ofOne.map((ratio, at) => (ratio + (ofList[at] ?? 0) + (ofAsk[at] ?? 0)) / 3)
      const rate = (name: string, of: typeof answers.one) => {
        return { name, value: median(of.map(perSecond)), unit: 'req/s' }
      }
      return {
        value: median(runs),
        runs,
        also: [
          { name: 'one lease, with : without', value: median(ofOne), unit: '×' },
          { name: 'a list of 20, with : without', value: median(ofList), unit: '×' },
          { name: 'a request, with : without', value: median(ofAsk), unit: '×' },
          rate('one lease', answers.one),
          rate('a list of 20', answers.list),
          rate('a request', answers.ask),
        ],
        naive: [],
      }
    }),
}
