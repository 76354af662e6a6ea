import { type ChildProcess, fork, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startEmbeddedPostgres } from '@leasehold/db'
import { openJupyterServer } from '../../../apps/gateway/test/jupyter-server.ts'
import { makePaperPlace, type PaperPlace } from '../../crash/support/paper-place.ts'
import { endProcess } from '../../services/end-process.ts'
import { freePorts } from '../../services/free-ports.ts'
import { findRedisPrerequisites } from '../../services/redis/redis-process.ts'
import { startRedis } from '../../services/redis/start-redis.ts'
import { makeRandom } from '../../simulation/random.ts'
import { addTenants } from '../support/add-tenants.ts'
import { quietLog } from '../support/quiet-log.ts'
import { root } from '../support/start-app.ts'
import { startParts } from '../support/start-parts.ts'

const paperApp = fileURLToPath(new URL('paper-app.ts', import.meta.url))
const startMs = 90_000

/** A process of one app, of which there are two. */
export type Replica = {
  readonly child: ChildProcess
  /** As a power cut would. */
  kill(): Promise<void>
}
export type ApiReplica = Replica & { readonly url: string; readonly runUrl: string }
export type GatewayReplica = Replica & { readonly port: number }

/** Two processes of every app over one database, one queue and one object store; machines on paper. */
export type Replicas = {
  readonly apis: readonly [ApiReplica, ApiReplica]
  readonly gateways: readonly [GatewayReplica, GatewayReplica]
  readonly workers: readonly [Replica, Replica]
  readonly operatorUrl: string
  readonly issuer: string
  readonly place: PaperPlace
  close(): Promise<void>
}

export async function openReplicas(): Promise<Replicas> {
  const closers: (() => Promise<unknown>)[] = []
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return { ...(await open(closers)), close }
  } catch (error) {
    await close()
    throw error
  }
}

async function open(closers: (() => Promise<unknown>)[]): Promise<Omit<Replicas, 'close'>> {
  const folder = await mkdtemp(join(tmpdir(), 'replicas-'))
  await chmod(folder, 0o711)
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const jupyter = await openJupyterServer()
  closers.push(jupyter.close)
  const place = placeWithJupyter(jupyter.port)
  const { issuer, settings } = await startServers(folder, closers)
  const ports = await freePorts(10)
  const portsOf = (names: readonly string[], from: number) =>
    Object.fromEntries(names.map((name, index) => [name, String(ports[from + index])]))
  const apiPorts = ['API_PORT', 'OPERATOR_PORT', 'RUN_API_PORT']
  const gatewayPorts = ['GATEWAY_PORT', 'SSH_PORT']
  const startApi = async (from: number): Promise<ApiReplica> => {
    // Links lead to the first gateway; browsers may be led to either.
    const own = { ...settings, ...portsOf(gatewayPorts, 6), ...portsOf(apiPorts, from) }
    const at = (index: number) => `http://127.0.0.1:${ports[from + index]}`
    return { ...(await startPaperApp('api', own, place, closers)), url: at(0), runUrl: at(2) }
  }
  // The first one makes the tables.
  const api = await startApi(0)
  await addTenants(settings.DATABASE_URL)
  const startGateway = async (from: number): Promise<GatewayReplica> => {
    const own = { ...settings, ...portsOf(gatewayPorts, from) }
    return { ...(await startGatewayApp(own, closers)), port: ports[from] ?? 0 }
  }
  const startWorker = () => startPaperApp('worker', settings, place, closers)
  const [otherApi, ...others] = await Promise.all([
    startApi(3),
    startGateway(6),
    startGateway(8),
    startWorker(),
    startWorker(),
  ])
  const [gateway, otherGateway, worker, otherWorker] = others
  return {
    apis: [api, otherApi],
    gateways: [gateway, otherGateway],
    workers: [worker, otherWorker],
    operatorUrl: `http://127.0.0.1:${ports[1]}`,
    issuer,
    place,
  }
}

/** Every machine of it has the same Jupyter. */
function placeWithJupyter(jupyterPort: number): PaperPlace {
  const place = makePaperPlace(makeRandom(1))
  const { inspectMachine } = place.machines
  Object.assign(place.machines, {
    inspectMachine: async (...asked: Parameters<typeof inspectMachine>) => {
      const seen = await inspectMachine(...asked)
      if (seen.kind !== 'running') return seen
      return { ...seen, address: { ...seen.address, jupyterPort } }
    },
  })
  return place
}

async function startServers(folder: string, closers: (() => Promise<unknown>)[]) {
  const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres'), log: quietLog })
  closers.push(() => postgres.stop())
  const parts = await startParts(folder, closers)
  const settings = {
    ...parts.settings,
    PATH: '/usr/sbin:/usr/bin:/bin',
    DATABASE_URL: postgres.url,
    ...(await startQueue(folder, closers)),
    LEASEHOLD_STATE: join(folder, 'state'),
    LEASEHOLD_CACHE: join(root, '.leasehold'),
    LEASEHOLD_MASTER_KEY: randomBytes(32).toString('base64url'),
    SWEEP_SECONDS: '1',
    WORKER_PORT: '0',
  }
  return { issuer: parts.issuer, settings }
}

/** On PostgreSQL where there is no Redis. */
async function startQueue(
  folder: string,
  closers: (() => Promise<unknown>)[],
): Promise<Record<string, string>> {
  if (findRedisPrerequisites() !== null) return {}
  const redis = await startRedis({ folder: join(folder, 'redis') })
  closers.push(redis.stop)
  return { REDIS_URL: redis.url }
}

async function startPaperApp(
  kind: 'api' | 'worker',
  env: Readonly<Record<string, string>>,
  place: PaperPlace,
  closers: (() => Promise<unknown>)[],
): Promise<Replica> {
  const stdio = ['ignore', 'ignore', 'pipe', 'ipc'] as const
  const child = fork(paperApp, [kind], { env, stdio: [...stdio], execArgv: [] })
  place.attach(child)
  const ready = new Promise<void>((found) => {
    child.on('message', (message) => {
      if (typeof message === 'object' && message !== null && 'ready' in message) found()
    })
  })
  return started(child, kind, ready, closers)
}

async function startGatewayApp(
  env: Readonly<Record<string, string>>,
  closers: (() => Promise<unknown>)[],
): Promise<Replica> {
  const main = join(root, 'apps/gateway/src/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  const ready = new Promise<void>((found) => {
    child.stdout.on('data', (chunk) => String(chunk).includes('gateway listens') && found())
  })
  return started(child, 'gateway', ready, closers)
}

async function started(
  child: ChildProcess,
  name: string,
  ready: Promise<void>,
  closers: (() => Promise<unknown>)[],
): Promise<Replica> {
  let said = ''
  child.stderr?.on('data', (chunk) => {
    said = (said + chunk).slice(-3_000)
  })
  closers.push(() => endProcess(child, 'SIGTERM'))
  const over = AbortSignal.timeout(startMs)
  await new Promise<void>((resolve, reject) => {
    const fail = () => reject(new Error(`${name} did not start:\n${said}`))
    over.addEventListener('abort', fail, { once: true })
    child.once('exit', fail)
    void ready.then(resolve)
  })
  return { child, kill: () => endProcess(child, 'SIGKILL') }
}
