import { join } from 'node:path'
import { startRedis } from '../../test/services/redis/start-redis.ts'
import { knownPath } from '../support/api-routes.ts'
import type { ApiServerAnswer, ApiServerRequest } from '../support/api-server.ts'
import type { Benchmark, Tell } from '../support/benchmark.ts'
import { type ChildProgram, startProgram } from '../support/child-program.ts'
import { leaseBody } from '../support/lease-body.ts'
import type { LoadAnswer, LoadRequest } from '../support/load-generator.ts'
import { processTree } from '../support/processes.ts'
import { median } from '../support/statistics.ts'
import { startThrowawayServices } from '../support/throwaway-services.ts'

const tenants = 256
const connections = 64
const rounds = 8
const seconds = 3
const warmUpSeconds = 6
/** What each process is asked for in a second: less than one can do, and than PostgreSQL can for two of them. */
const rate = 500

export const twoReplicas: Benchmark = {
  name: 'two-replicas',
  title: 'two API processes : one, accepted leases for each second of their CPU time',
  unit: '×',
  goal: 0.85,
  better: 'higher',
  how: [
    `POST /v1/leases of ${tenants} tenants, ${rate} in a second and ${connections} connections at each process; the median of ${rounds} interleaved rounds of ${seconds} s each, after each process was warmed up alone. Which one is alone takes turns.`,
    'CPU time is that of the API processes, user and system, as the kernel counts it: on a host with few cores two of them could not show their worth in requests per second.',
    'Each process is asked for as much alone as beside another. With as many requests as are answered (shown beside), two of them share what PostgreSQL and the cores leave, each has less to do at a time, and what it does once for many requests it does for fewer.',
    'Both share one PostgreSQL and one Redis (the queue, and rate limits settled every 100 ms); requests of a tenant go to either.',
    'Real: PostgreSQL with all of its durability, Redis, tokens and their keys. Fake: the machines of the pool. No worker runs.',
  ],
  run: withReplicas,
}

type Server = ChildProgram<ApiServerRequest, ApiServerAnswer>
type Replica = {
  readonly server: Server
  readonly url: string
  readonly generator: ChildProgram<LoadRequest, LoadAnswer>
}
type Load = Pick<LoadRequest, 'method' | 'path' | 'body' | 'tokens' | 'rate'>
type Pair = { readonly one: number; readonly two: number }

async function withReplicas(tell: Tell) {
  const services = await startThrowawayServices({ tenants })
  const { folder, databaseUrl, issuer, renters } = services
  const redis = await startRedis({ folder: join(folder, 'redis') })
  const programs: { stop(): Promise<void> }[] = []
  const start = <Request, Answer>(name: string, number: number) => {
    const file = new URL(`../support/${name}.ts`, import.meta.url)
    const program = startProgram<Request, Answer>(file, join(folder, `${name}-${number}.log`))
    programs.push(program)
    return program
  }
  const startReplica = async (number: number): Promise<Replica> => {
    const server = start<ApiServerRequest, ApiServerAnswer>('api-server', number)
    const generator = start<LoadRequest, LoadAnswer>('load-generator', number)
    const { audience, jwksUrl } = issuer
    const tokenSource = { issuer: issuer.issuer, audience, jwksUrl }
    const { real } = await server.ask({ databaseUrl, tokenSource, redisUrl: redis.url })
    return { server, generator, url: real }
  }
  try {
    const replicas = [await startReplica(1), await startReplica(2)]
    const tokens = renters.map(({ token }) => token)
    return await compare(replicas, tokens, tell)
  } finally {
    for (const program of programs.reverse()) await program.stop()
    await redis.stop()
    await services.close()
  }
}

async function compare(replicas: readonly Replica[], tokens: readonly string[], tell: Tell) {
  const write: Load = { method: 'POST', path: '/v1/leases', body: leaseBody, tokens }
  const read: Load = { method: 'GET', path: knownPath, tokens }
  // Code is compiled while it runs: a process that ran less would look as if it cost more.
  for (const replica of replicas)
    for (const load of [read, write]) await perCpuSecond([replica], load, warmUpSeconds)
  const kinds = { writes: { ...write, rate }, reads: { ...read, rate }, closed: write }
  const pairs: Record<keyof typeof kinds, Pair[]> = { writes: [], reads: [], closed: [] }
  for (let round = 1; round <= rounds; round++) {
    for (const kind of ['writes', 'reads', 'closed'] as const)
      pairs[kind].push(await pairOf(replicas, kinds[kind], round))
    const last = pairs.writes.at(-1)
    tell(`round ${round} of ${rounds}: one ${last?.one.toFixed(0)}, two ${last?.two.toFixed(0)}`)
  }
  const ratio = ({ one, two }: Pair) => two / one
  const also = (name: string, unit: string, of: readonly number[]) => {
    return { name, value: median(of), unit }
  }
  const perCpu = 'leases per CPU second'
  return {
    value: median(pairs.writes.map(ratio)),
    runs: pairs.writes.map(ratio),
    also: [
      also('a route that only looks at its caller, two : one', '×', pairs.reads.map(ratio)),
      also('as many leases as are answered, two : one', '×', pairs.closed.map(ratio)),
      also(
        'one process',
        perCpu,
        pairs.writes.map(({ one }) => one),
      ),
      also(
        'two processes',
        perCpu,
        pairs.writes.map(({ two }) => two),
      ),
    ],
    naive: [],
  }
}

/** One process alone and two together; which comes first turns around, so that growth does not always hit the same one. */
async function pairOf(replicas: readonly Replica[], load: Load, round: number): Promise<Pair> {
  const one = replicas.slice(round % 2, (round % 2) + 1)
  const isOneFirst = round % 4 < 2
  const first = await perCpuSecond(isOneFirst ? one : replicas, load, seconds)
  const second = await perCpuSecond(isOneFirst ? replicas : one, load, seconds)
  return isOneFirst ? { one: first, two: second } : { one: second, two: first }
}

/** Requests that were answered, divided by the CPU time that the processes took meanwhile. Throws when one failed. */
async function perCpuSecond(
  replicas: readonly Replica[],
  load: Load,
  duration: number,
): Promise<number> {
  const before = await cpuSecondsOf(replicas)
  const answers = await Promise.all(
    replicas.map(({ generator, url }) =>
      generator.ask({ ...load, url, connections, seconds: duration }),
    ),
  )
  const failed = answers.find((answer) => answer.failed > 0 || answer.answered === 0)
  if (failed !== undefined) throw new Error(`Requests failed: ${failed.failure}.`)
  const answered = answers.reduce((sum, answer) => sum + answer.answered, 0)
  return answered / ((await cpuSecondsOf(replicas)) - before)
}

async function cpuSecondsOf(replicas: readonly Replica[]): Promise<number> {
  let sum = 0
  for (const { server } of replicas) {
    const [own] = (await processTree(server.pid)).filter(({ pid }) => pid === server.pid)
    sum += own?.cpuSeconds ?? 0
  }
  return sum
}
