import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { ApiServerAnswer, ApiServerRequest } from '../support/api-server.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { startProgram } from '../support/child-program.ts'
import { requestLeases } from '../support/open-loop.ts'
import { median, quantile } from '../support/statistics.ts'
import { startThrowawayServices } from '../support/throwaway-services.ts'
import type { HandlerStart, WorkerServerRequest } from '../support/worker-server.ts'

const tenants = 50
const rate = 30
const rounds = 5
const roundSeconds = 10
const settleMs = 1_000

export const commitToStart: Benchmark = {
  name: 'commit-to-start',
  title:
    'p99 of the time from the commit of an accepted lease to the start of its handler in the worker',
  unit: 'ms',
  goal: 50,
  better: 'lower',
  how: [
    `Open loop: ${rate} leases a second at random moments (Poisson) for ${roundSeconds} s, ${rounds} rounds after a warm-up; the p99 of all rounds together, and of each as its runs.`,
    "From PostgreSQL's own commit timestamp of the accepted lease to the entry of the first `admit-queued` handler after it, by the same clock.",
    'API and worker are processes of their own, composed as in their apps, over the real queue on a real PostgreSQL. Fake: the machines of the pool, which boot at once.',
    'The naive version is a worker that looks every 5 s, by arithmetic: 99 % of the leases wait up to 4,950 ms.',
  ],
  run: async (tell) => {
    const settings = { track_commit_timestamp: 'on' }
    const services = await startThrowawayServices({ tenants, settings })
    const { folder, databaseUrl, issuer, renters } = services
    const program = <Request, Answer>(name: string) =>
      startProgram<Request, Answer>(
        new URL(`../support/${name}.ts`, import.meta.url),
        join(folder, `${name}.log`),
      )
    const api = program<ApiServerRequest, ApiServerAnswer>('api-server')
    const worker = program<WorkerServerRequest, readonly HandlerStart[]>('worker-server')
    try {
      const { audience, jwksUrl } = issuer
      const options = { databaseUrl, tokenSource: { issuer: issuer.issuer, audience, jwksUrl } }
      const { real: url } = await api.ask(options)
      await worker.ask({ do: 'start', options })
      const tokens = renters.map(({ token }) => token)
      const round = async (seconds: number) => {
        const accepted = await requestLeases({ url, tokens, perSecond: rate, seconds })
        await delay(settleMs)
        const starts = await worker.ask({ do: 'take-starts' })
        return delaysOf(databaseUrl, new Set(accepted.map(({ leaseId }) => leaseId)), starts)
      }
      await round(3)
      return await inRounds(round, tell)
    } finally {
      await worker.stop()
      await api.stop()
      await services.close()
    }
  },
}

type Delays = { readonly admission: readonly number[]; readonly reconciliation: readonly number[] }

async function inRounds(round: (seconds: number) => Promise<Delays>, tell: Tell) {
  const all: Delays[] = []
  for (let number = 1; number <= rounds; number++) {
    const delays = await round(roundSeconds)
    all.push(delays)
    const middle = median(delays.admission).toFixed(1)
    const tail = quantile(delays.admission, 0.99).toFixed(1)
    const count = delays.admission.length
    tell(`round ${number} of ${rounds}: ${count} leases, p50 ${middle} ms, p99 ${tail} ms`)
  }
  const admission = all.flatMap((delays) => delays.admission)
  const reconciliation = all.flatMap((delays) => delays.reconciliation)
  return {
    value: quantile(admission, 0.99),
    runs: all.map((delays) => quantile(delays.admission, 0.99)),
    also: [
      { name: 'p50', value: median(admission), unit: 'ms' },
      { name: 'longest', value: Math.max(...admission), unit: 'ms' },
      { name: 'leases', value: admission.length, unit: '' },
      {
        name: 'p99 from the commit of its admission to the start of reconcile-lease',
        value: quantile(reconciliation, 0.99),
        unit: 'ms',
        goal: 50,
        better: 'lower' as const,
      },
    ],
    naive: [{ name: 'looking every 5 s, p99', value: 4_950, unit: 'ms' }],
  }
}

/** Throws when no handler started for a lease: it would be missing in the quantile. */
async function delaysOf(
  url: string,
  ids: ReadonlySet<string>,
  starts: readonly HandlerStart[],
): Promise<Delays> {
  const commits = (await readCommits(url)).filter(({ leaseId }) => ids.has(leaseId))
  const startsOf = (job: string) => starts.filter((start) => start.job === job)
  const plans = startsOf('admit-queued')
  const looks = startsOf('reconcile-lease')
  const after = (of: readonly HandlerStart[], at: number) => {
    const first = of.find((start) => start.at >= at)
    if (first === undefined) throw new Error('A lease was accepted and no handler started for it.')
    return first.at - at
  }
  return {
    admission: commits.filter(({ seq }) => seq === 1).map(({ at }) => after(plans, at)),
    reconciliation: commits
      .filter(({ seq }) => seq === 3)
      .map(({ leaseId, at }) =>
        after(
          looks.filter((look) => look.leaseId === leaseId),
          at,
        ),
      ),
  }
}

type Commit = { readonly leaseId: string; readonly seq: number; readonly at: number }

/** When the first event of each lease (it is accepted) and the third (it is admitted) were committed. */
async function readCommits(url: string): Promise<readonly Commit[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows } = await client.query<Commit>(
      `SELECT lease_id AS "leaseId", seq,
         (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000)::float8 AS at
       FROM lease_events WHERE seq IN (1, 3)`,
    )
    return rows
  } finally {
    await client.end()
  }
}
