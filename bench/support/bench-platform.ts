import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { makeAccessSecrets, makeIds, systemClock } from '@leasehold/access'
import { defaultRentalRules, type Pool, type Pools } from '@leasehold/application'
import { openDatabase } from '@leasehold/db'
import type { ImageName } from '@leasehold/domain'
import { makeLogger, makeMetrics } from '@leasehold/observability'
import { openQueue, openSharedBuckets } from '@leasehold/queue'
import {
  fakeBucketAccess,
  fakeMachineDriver,
  fakeObjectStore,
  fakeTaskDriver,
  fakeTenancyDriver,
} from '@leasehold/testing'
import { openVerifiers } from '@leasehold/wiring'
import { benchPool } from './throwaway-services.ts'

export type BenchPlatformOptions = {
  readonly app: 'api' | 'worker'
  readonly databaseUrl: string
  readonly tokenSource: {
    readonly issuer: string
    readonly audience: string
    readonly jwksUrl: string
  }
  /** Queue and rate limits in this Redis; absent: the queue is in PostgreSQL. */
  readonly redisUrl?: string
}

const hugeTotal = { vcpu: 1e9, 'memory-mib': 1e12, 'disk-gib': 1e12 }
const maxConnections = 10

/**
 * The platform as `wiring` opens it, with its real database, queue, token verifier, log and metrics.
 * Machines and objects are fakes in memory: a machine of theirs is there at once and costs nothing.
 */
export async function openBenchPlatform(options: BenchPlatformOptions) {
  const { app, databaseUrl, tokenSource, redisUrl } = options
  // Every line is written, as in production; standard output is a file.
  const log = makeLogger({ level: 'info', app })
  const now = () => systemClock.now()
  const database = await openDatabase({ url: databaseUrl, maxConnections, log })
  const place =
    redisUrl === undefined
      ? ({ kind: 'postgres', url: databaseUrl } as const)
      : ({ kind: 'redis', url: redisUrl } as const)
  const queue = await openQueue({ ...place, log, now })
  const sharedBuckets = place.kind === 'redis' ? openSharedBuckets(place, log, now) : null
  const { check, close: closeDatabase, ...stores } = database
  return {
    ...stores,
    clock: systemClock,
    ids: makeIds(),
    secrets: makeAccessSecrets(randomBytes(32)),
    pools: poolOfFakes(),
    objects: fakeObjectStore(systemClock),
    bucketAccess: fakeBucketAccess(systemClock),
    directory: null,
    hints: queue.hints,
    queue,
    sharedBuckets,
    ...openVerifiers(tokenSource, database, now, log),
    rules: defaultRentalRules,
    pause: async (ms: number, signal: AbortSignal) => {
      await delay(ms, undefined, { signal }).catch(() => {})
    },
    log,
    metrics: makeMetrics(),
    checks: { database: check },
    async close() {
      sharedBuckets?.close()
      await queue.close()
      await closeDatabase()
    },
  }
}

export type BenchPlatform = Awaited<ReturnType<typeof openBenchPlatform>>

function poolOfFakes(): Pools {
  const pool: Pool = {
    name: benchPool,
    region: 'bench',
    driver: 'local',
    images: ['debian-12' as ImageName],
    taskIsolations: ['vm'],
    machines: fakeMachineDriver({ clock: systemClock, total: hugeTotal }),
    tasks: fakeTaskDriver({ total: hugeTotal }),
    tenancy: fakeTenancyDriver(),
  }
  return { find: (name) => (name === benchPool ? pool : null), all: () => [pool] }
}
