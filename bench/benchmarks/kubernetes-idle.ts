import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { openDatabase } from '@leasehold/db'
import { anyNetwork, type LeaseId, type TenantId } from '@leasehold/domain'
import { aLease } from '@leasehold/testing'
import pg from 'pg'
import { rowFromLease } from '../../packages/db/src/rows/lease-row.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { asInstalled, type ProgramOptions, startProgram } from '../support/child-program.ts'
import { idleLease } from '../support/idle-lease.ts'
import type {
  KubernetesWorkerFacts,
  KubernetesWorkerRequest,
} from '../support/kubernetes-worker.ts'
import { type OneLease, readOneLease } from '../support/one-lease.ts'
import type { StandingServerAnswer, StandingServerRequest } from '../support/standing-api-server.ts'
import { startThrowawayServices } from '../support/throwaway-services.ts'

const few = 1_000
const many = 10_000
const settleMs = 90_000
const windowMs = 120_000
/** A worker that starts looks at each lease once, over SSH too. When it rests, its sweeps ask twice a second. */
const restPerSecond = 3
const restMs = 15_000
const restLimitMs = 240_000

export const kubernetesIdle: Benchmark = {
  name: 'kubernetes-idle',
  title: `calls to the API server and statements per second while ${many} leases idle : while ${few} do`,
  unit: '×',
  goal: 1.1,
  better: 'lower',
  how: [
    `A worker with ${few} ready leases of which nothing is asked, ${settleMs / 1_000} s after it started or when it has looked at each of them, for ${windowMs / 1_000} s; then another with ${many}.`,
    'Statements are transactions as PostgreSQL counts them: a statement alone is one.',
    'Memory: what the heap of the worker is larger by, per lease more, garbage collected.',
    'Real: the worker, the queue and PostgreSQL; what the API server says, which is copied from a lease on simulated nodes. Simulated: the API server, in which nothing changes; its watches send a bookmark a minute.',
    'The naive version asks for each machine every 5 s, by arithmetic.',
  ],
  run: async (tell) => {
    const one = await readOneLease(tell)
    const small = await idle(one, few, tell)
    const large = await idle(one, many, tell)
    const perSecond = ({ calls, statements }: Idle) => calls + statements
    const value = perSecond(large) / perSecond(small)
    const kB = ((large.worker.heapMb - small.worker.heapMb) * 1e3) / (many - few)
    return {
      value,
      runs: [value],
      also: [
        {
          name: 'watch caches and all else, per lease',
          value: kB,
          unit: 'kB',
          goal: 30,
          better: 'lower',
        },
        {
          name: `RSS of the worker with ${few} leases`,
          value: small.worker.rssMb,
          unit: 'MB',
          goal: 250,
          better: 'lower',
        },
        { name: `RSS of the worker with ${many} leases`, value: large.worker.rssMb, unit: 'MB' },
        { name: `calls to the API server with ${few}`, value: small.calls, unit: 'per s' },
        { name: `calls to the API server with ${many}`, value: large.calls, unit: 'per s' },
        { name: `statements with ${few}`, value: small.statements, unit: 'per s' },
        { name: `statements with ${many}`, value: large.statements, unit: 'per s' },
      ],
      naive: [{ name: `asking every 5 s, calls with ${many}`, value: many / 5, unit: 'per s' }],
    }
  },
}

type Idle = {
  /** Per second. */
  readonly calls: number
  readonly statements: number
  readonly worker: KubernetesWorkerFacts
}

async function idle(one: OneLease, count: number, tell: Tell): Promise<Idle> {
  const services = await startThrowawayServices({ tenants: 1 })
  const { folder, databaseUrl, issuer } = services
  const program = <Request, Answer>(name: string, options?: ProgramOptions) =>
    startProgram<Request, Answer>(
      new URL(`../support/${name}.ts`, import.meta.url),
      join(folder, `${name}.log`),
      options,
    )
  const server = program<StandingServerRequest, StandingServerAnswer>('standing-api-server')
  const worker = program<KubernetesWorkerRequest, KubernetesWorkerFacts>(
    'kubernetes-worker',
    asInstalled,
  )
  const database = new pg.Client({ connectionString: databaseUrl })
  try {
    await database.connect()
    await addTenant(databaseUrl, one.tenantId)
    await insertLeases(database, one, count)
    const { url } = await server.ask({ do: 'start', lease: one.leaseId, kinds: one.kinds, count })
    const kubeconfig = join(folder, 'kubeconfig')
    await writeFile(kubeconfig, kubeconfigFor(url))
    const { audience, jwksUrl } = issuer
    const options = { databaseUrl, tokenSource: { issuer: issuer.issuer, audience, jwksUrl } }
    const { settings } = one
    await worker.ask({ do: 'start', options, kubeconfig, settings, requestsPerSecond: 200 })
    await delay(settleMs)
    await untilAtRest(database)
    const measureNow = async () => ({
      calls: (await server.ask({ do: 'calls' })).calls,
      statements: await transactions(database),
    })
    const before = await measureNow()
    await delay(windowMs)
    const after = await measureNow()
    const rate = (of: 'calls' | 'statements') => ((after[of] - before[of]) / windowMs) * 1_000
    const facts = await worker.ask({ do: 'look' })
    tell(
      `${count} leases: ${rate('calls').toFixed(2)} calls/s, ${rate('statements').toFixed(2)} statements/s, ${facts.rssMb.toFixed(0)} MB`,
    )
    return { calls: rate('calls'), statements: rate('statements'), worker: facts }
  } finally {
    await database.end()
    await worker.stop()
    await server.stop()
    await services.close()
  }
}

async function addTenant(url: string, id: TenantId): Promise<void> {
  const log = { info() {}, warn() {}, error() {} }
  const database = await openDatabase({ url, maxConnections: 1, log })
  const tenant = { id, slug: 'idle', name: 'idle', tier: 'production', suspended: false } as const
  const row = { ...tenant, networks: anyNetwork, createdAt: Date.now(), version: 1 }
  await database.tenants.create(row, {}, { kind: 'platform', id: 'bench' })
  await database.close()
}

async function insertLeases(database: pg.Client, one: OneLease, count: number): Promise<void> {
  const now = Date.now()
  const dayMs = 24 * 3_600_000
  const rows = Array.from({ length: count }, (_, index) =>
    rowFromLease(
      aLease.ready({
        id: idleLease(index) as LeaseId,
        tenantId: one.tenantId,
        shape: one.shape,
        createdAt: now,
        enteredStateAt: now,
        expiresAt: now + dayMs,
        timeToLiveMs: dayMs,
        address: one.address,
      }),
      now,
    ),
  )
  await database.query(
    `INSERT INTO leases SELECT r.* FROM jsonb_array_elements($1::jsonb) AS one,
       jsonb_populate_record(null::leases, one) AS r`,
    [JSON.stringify(rows.map((row) => ({ ...row, event_seq: 2 })))],
  )
}

/** Goes on after a while in any case: what never rests is measured as it is. */
async function untilAtRest(database: pg.Client): Promise<void> {
  const end = performance.now() + restLimitMs
  for (let before = await transactions(database); performance.now() < end; ) {
    await delay(restMs)
    const now = await transactions(database)
    if (((now - before) * 1_000) / restMs <= restPerSecond) return
    before = now
  }
}

async function transactions(database: pg.Client): Promise<number> {
  const { rows } = await database.query<{ count: string }>(
    'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = current_database()',
  )
  return Number(rows[0]?.count)
}

function kubeconfigFor(server: string): string {
  return JSON.stringify({
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [{ name: 'bench', cluster: { server } }],
    users: [{ name: 'bench', user: {} }],
  })
}
