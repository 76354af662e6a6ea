import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'
import pg from 'pg'
import { startRedis } from '../../test/services/redis/start-redis.ts'
import type { ApiServerAnswer, ApiServerRequest } from '../support/api-server.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { startProgram } from '../support/child-program.ts'
import type { FlushWorkerAnswer, FlushWorkerRequest } from '../support/flush-worker.ts'
import { requestLeases } from '../support/open-loop.ts'
import { startThrowawayServices } from '../support/throwaway-services.ts'

const tenants = 200
const perSecond = 200
const seconds = 26
const wanted = 5_000
const flushEveryMs = 1_000
const convergeMs = 180_000

export const redisFlush: Benchmark = {
  name: 'redis-flush',
  title: 'leases that are lost or have two machines after Redis lost everything, again and again',
  unit: 'leases',
  goal: 0,
  better: 'lower',
  how: [
    `At least ${wanted} leases are asked for at random moments (Poisson, ${perSecond} a second); meanwhile FLUSHALL and SCRIPT FLUSH once a second.`,
    'Lost: accepted, and not ready within three minutes afterwards. Doubled: its machine was ordered more than once.',
    'Real: API and worker as processes of their own, the queue on Redis, PostgreSQL. Fake: the machines of the pool, which boot at once.',
  ],
  run,
}

async function run(tell: Tell) {
  const services = await startThrowawayServices({ tenants })
  const { folder, databaseUrl, issuer, renters } = services
  const redis = await startRedis({ folder: join(folder, 'redis') })
  const program = <Request, Answer>(name: string) =>
    startProgram<Request, Answer>(
      new URL(`../support/${name}.ts`, import.meta.url),
      join(folder, `${name}.log`),
    )
  const api = program<ApiServerRequest, ApiServerAnswer>('api-server')
  const worker = program<FlushWorkerRequest, FlushWorkerAnswer>('flush-worker')
  const flushes = startFlushing(redis.url)
  try {
    const { audience, jwksUrl } = issuer
    const tokenSource = { issuer: issuer.issuer, audience, jwksUrl }
    const options = { databaseUrl, tokenSource, redisUrl: redis.url }
    const { real: url } = await api.ask(options)
    await worker.ask({ do: 'start', options })
    const tokens = renters.map(({ token }) => token)
    const accepted = await requestLeases({ url, tokens, perSecond, seconds })
    const flushed = await flushes.stop()
    tell(`${accepted.length} leases accepted, ${flushed} times flushed`)
    if (accepted.length < wanted) throw new Error(`Only ${accepted.length} leases were asked for.`)
    const askedAt = performance.now()
    const lost = await untilReady(databaseUrl, accepted.length, tell)
    const tookMs = performance.now() - askedAt
    const { doubled, ordered } = await worker.ask({ do: 'count' })
    return {
      value: lost + doubled.length,
      runs: [lost + doubled.length],
      also: [
        { name: 'leases', value: accepted.length, unit: '' },
        { name: 'machines ordered', value: ordered, unit: '' },
        { name: 'lost', value: lost, unit: '' },
        { name: 'doubled', value: doubled.length, unit: '' },
        { name: 'flushes', value: flushed, unit: '' },
        { name: 'until all were ready, after the last request', value: tookMs / 1_000, unit: 's' },
      ],
      naive: [],
    }
  } finally {
    await flushes.stop()
    await worker.stop()
    await api.stop()
    await redis.stop()
    await services.close()
  }
}

/** Flushes from now on; `stop` says how often it did. */
function startFlushing(url: string) {
  const administrator = new Redis(url)
  let count = 0
  const timer = setInterval(() => {
    const both = [administrator.flushall(), administrator.script('FLUSH')]
    void Promise.all(both).then(() => count++)
  }, flushEveryMs)
  return {
    stop: async () => {
      clearInterval(timer)
      administrator.disconnect()
      return count
    },
  }
}

/** How many are not ready when the time is up. */
async function untilReady(url: string, expected: number, tell: Tell): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const deadline = performance.now() + convergeMs
  try {
    for (;;) {
      const { rows } = await client.query<{ ready: number }>(
        `SELECT count(*)::int AS ready FROM leases WHERE state = 'ready'`,
      )
      const ready = rows[0]?.ready ?? 0
      if (ready >= expected || performance.now() > deadline) return expected - ready
      tell(`${ready} of ${expected} are ready`)
      await delay(1_000)
    }
  } finally {
    await client.end()
  }
}
