import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openThrowawayDatabase } from '@leasehold/db/testing'
import { startDevIssuer } from '@leasehold/dev-issuer'
import { startEmbeddedObjectStore } from '@leasehold/object-store'
import { waitFor } from '../../../scripts/client/wait-for.ts'
import { findRedisPrerequisites, freePorts } from '../../services/redis/redis-process.ts'
import { startRedis } from '../../services/redis/start-redis.ts'

export const root = resolve(import.meta.dirname, '../../..')
const log = { info: () => {}, warn: () => {}, error: () => {} }

export type Environment = Readonly<Record<string, string>>

/** The parts of an installation, each a real server, and the settings that lead to them. No app runs yet. */
export type Installation = {
  readonly folder: string
  readonly environment: Environment
  /** Null: Redis is not installed here, and the queue lives in PostgreSQL. */
  readonly redis: Awaited<ReturnType<typeof startRedis>> | null
  /** Starts an app by its own main.ts and waits for the line of its log that says it is ready. */
  start(app: string, ready: string, environment?: Environment): Promise<StartedApp>
  stop(): Promise<void>
}
export type StartedApp = { stop(): Promise<void> }

const names = ['API', 'OPERATOR', 'RUN_API', 'GATEWAY', 'SSH', 'WORKER'] as const

/** A pool whose cluster is away: no machine is needed to look after an installation. */
const pools = `pools:
  - kind: kubernetes
    name: away
    region: here
    kubeconfig: { file: ./kubeconfig }
    images: { debian-12: { dataSource: { namespace: images, name: debian-12 } } }
    storageClasses: { default: standard }
    runApiUrl: http://192.0.2.1:8083
    clusterRanges: [10.244.0.0/16]
`

/** `databaseUrl`: an empty database; left out, a migrated one is made. */
export async function startInstallation(databaseUrl?: string): Promise<Installation> {
  const folder = await mkdtemp(join(tmpdir(), 'installation-'))
  const closers: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const database = databaseUrl === undefined ? await openThrowawayDatabase() : null
  if (database !== null) closers.push(() => database.close())
  const cacheFolder = join(root, '.leasehold/programs')
  const objects = await startEmbeddedObjectStore({
    folder: join(folder, 'objects'),
    cacheFolder,
    log,
  })
  closers.push(() => objects.stop())
  const place = { folder: join(folder, 'issuer'), host: '127.0.0.1', port: 0, realm: 'r' }
  const issuer = await startDevIssuer({ ...place, audience: 'leasehold-api', announce: () => {} })
  closers.push(() => issuer.stop())
  const redis =
    findRedisPrerequisites() === null ? await startRedis({ folder: join(folder, 'redis') }) : null
  if (redis !== null) closers.push(() => redis.stop())
  await mkdir(join(folder, 'state'), { recursive: true })
  await writeFile(join(folder, 'pools.yaml'), pools)
  const ports = await freePorts(names.length)
  const environment: Environment = {
    DATABASE_URL: databaseUrl ?? database?.url ?? '',
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    S3_ENDPOINT: objects.endpoint,
    S3_REGION: objects.region,
    S3_ACCESS_KEY_ID: objects.accessKeyId,
    S3_SECRET_ACCESS_KEY: objects.secretAccessKey,
    OIDC_ISSUER: issuer.issuer,
    OIDC_JWKS_URL: issuer.jwksUrl,
    LEASEHOLD_STATE: join(folder, 'state'),
    LEASEHOLD_MASTER_KEY: randomBytes(32).toString('base64url'),
    LEASEHOLD_POOLS: join(folder, 'pools.yaml'),
    SWEEP_SECONDS: '1',
    PATH: process.env.PATH ?? '',
    ...Object.fromEntries(names.map((name, index) => [`${name}_PORT`, String(ports[index])])),
  }
  return {
    folder,
    environment,
    redis,
    async start(app, ready, changed = {}) {
      const started = await startApp(app, ready, { ...environment, ...changed })
      closers.push(() => started.stop())
      return started
    },
    async stop() {
      for (const close of closers.reverse()) await close()
    },
  }
}

async function startApp(app: string, ready: string, env: Environment): Promise<StartedApp> {
  const main = join(root, 'apps', app, 'src/main.ts')
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => (said = (said + chunk).slice(-20_000)))
  await waitFor(
    `${app}: ${ready}`,
    async () => child.exitCode,
    (code) => {
      if (code !== null) throw new Error(`${app} ended with ${code}:\n${said.slice(-2_000)}`)
      return said.includes(`"${ready}"`)
    },
    { withinMs: 120_000, everyMs: 100 },
  )
  return { stop: () => endOf(child) }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}
