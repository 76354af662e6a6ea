import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openThrowawayDatabase } from '@leasehold/db/testing'
import { freePorts } from '../../services/free-ports.ts'
import { findRedisPrerequisites } from '../../services/redis/redis-process.ts'
import { startRedis } from '../../services/redis/start-redis.ts'
import { type Environment, type StartedApp, startApp } from '../support/start-app.ts'
import { startParts } from '../support/start-parts.ts'

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
  const closers: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const close of closers.splice(0).reverse()) await close()
  }
  try {
    return { ...(await open(databaseUrl, closers)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function open(
  databaseUrl: string | undefined,
  closers: (() => Promise<unknown>)[],
): Promise<Omit<Installation, 'stop'>> {
  const folder = await mkdtemp(join(tmpdir(), 'installation-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const database = databaseUrl === undefined ? await openThrowawayDatabase() : null
  if (database !== null) closers.push(() => database.close())
  const { settings } = await startParts(folder, closers)
  const redis =
    findRedisPrerequisites() === null ? await startRedis({ folder: join(folder, 'redis') }) : null
  if (redis !== null) closers.push(() => redis.stop())
  await mkdir(join(folder, 'state'), { recursive: true })
  await writeFile(join(folder, 'pools.yaml'), pools)
  const ports = await freePorts(names.length)
  const environment: Environment = {
    DATABASE_URL: databaseUrl ?? database?.url ?? '',
    ...(redis === null ? {} : { REDIS_URL: redis.url }),
    ...settings,
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
  }
}
