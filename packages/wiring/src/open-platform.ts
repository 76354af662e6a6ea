import { setTimeout as delay } from 'node:timers/promises'
import { makeIds, systemClock } from '@leasehold/access'
import type {
  AccessSecrets,
  BucketAccess,
  Clock,
  Ids,
  JobHints,
  Log,
  MemberDirectory,
  ObjectStore,
  Pause,
  Pools,
  RentalRules,
  SharedBuckets,
} from '@leasehold/application'
import type { Config } from '@leasehold/config'
import { type Database, openDatabase } from '@leasehold/db'
import { makeIssuerCheck } from '@leasehold/identity'
import { openBucketAccess, openS3ObjectStore } from '@leasehold/object-store'
import { type JobQueue, openQueue, openSharedBuckets } from '@leasehold/queue'
import { Closing } from './closing.ts'
import { directoryFromConfig } from './directory-from-config.ts'
import { type OpenPools, openConfiguredPools } from './open-pools.ts'
import { openSecrets } from './open-secrets.ts'
import { openServices } from './open-services.ts'
import { openVerifiers, type VerifierSource, type Verifiers } from './open-verifiers.ts'
import { reportObjectStore } from './report-object-store.ts'
import { rulesFromConfig } from './rules-from-config.ts'

/** Says whether one part answers; throws when it does not. */
export type Check = (signal: AbortSignal) => Promise<void>

/** Every real adapter behind its port, and how to close them all. */
export type Platform = Omit<Database, 'check' | 'close'> &
  Verifiers & {
    readonly clock: Clock
    readonly ids: Ids
    readonly secrets: AccessSecrets
    readonly pools: Pools
    readonly objects: ObjectStore
    readonly bucketAccess: BucketAccess
    readonly hints: JobHints
    readonly queue: JobQueue
    /** Null: people are managed at an identity provider that we may not change. */
    readonly directory: MemberDirectory | null
    /** Null without Redis: each replica counts its rate limits by itself. */
    readonly sharedBuckets: SharedBuckets | null
    readonly rules: RentalRules
    readonly pause: Pause
    readonly log: Log
    readonly checks: Readonly<Record<'database' | 'queue' | 'objectStore', Check>>
    /** What can be done without for a while. */
    readonly sideChecks: Readonly<Record<'identity', Check>>
    close(): Promise<void>
  }

/** Where tokens and people come from: configured, or the development issuer that the caller has started. */
export type TokenSource = VerifierSource & {
  /** The development issuer's; a real identity provider is configured. */
  readonly directory?: MemberDirectory
}

/**
 * Opens the platform from its configuration: starts embedded parts, migrates, connects. When a step
 * fails, what was opened before is closed again; `signal` gives up while the guest image is made. `config.runApi.port` must be the real port by now.
 */
export async function openPlatform(
  config: Config,
  tokenSource: TokenSource,
  log: Log,
  signal: AbortSignal,
  openPools: OpenPools = openConfiguredPools,
): Promise<Platform> {
  const closing = new Closing(log)
  try {
    return await open(config, tokenSource, log, signal, openPools, closing)
  } catch (error) {
    await closing.closeAll()
    throw error
  }
}

async function open(
  config: Config,
  tokenSource: TokenSource,
  log: Log,
  signal: AbortSignal,
  openPools: OpenPools,
  closing: Closing,
): Promise<Platform> {
  const now = () => systemClock.now()
  const services = await openServices(config, closing, log)
  const { maxConnections } = config.database
  const database = await openDatabase({ url: services.databaseUrl, maxConnections, log })
  closing.add('database', () => database.close())
  const queue = await openQueue({ ...services.queue, log, now })
  closing.add('queue', () => queue.close())
  const { bucketBytes } = config
  const { corsOrigins } = config.edge
  const objects = openS3ObjectStore({ ...services.s3, corsOrigins, bucketBytes, log })
  closing.add('object store', async () => objects.close())
  const bucketAccess = openBucketAccess({ ...services.s3, log, now })
  closing.add('keys of buckets', async () => bucketAccess.close())
  if (config.objectStore.kind === 's3') reportObjectStore(services.s3, now, log, closing)
  const records = { ...database, clock: systemClock }
  const { pools, close: closePools } = await openPools(config, log, signal, records)
  closing.add('pools', closePools)
  const { check, close: _close, ...stores } = database
  return {
    ...stores,
    clock: systemClock,
    ids: makeIds(),
    secrets: await openSecrets(config),
    pools,
    objects,
    bucketAccess,
    hints: queue.hints,
    queue,
    directory: tokenSource.directory ?? directoryFromConfig(config, now, log),
    ...openVerifiers(tokenSource, database, now, log),
    sharedBuckets: sharedBucketsFrom(config, now, log, closing),
    rules: rulesFromConfig(config),
    pause,
    log,
    checks: {
      database: check,
      queue: (signal) => queue.check(signal),
      objectStore: (signal) => objects.check(signal),
    },
    sideChecks: { identity: makeIssuerCheck(tokenSource.jwksUrl, now) },
    close: () => closing.closeAll(),
  }
}

function sharedBucketsFrom(
  { queue }: Config,
  now: () => number,
  log: Log,
  closing: Closing,
): SharedBuckets | null {
  if (queue.kind !== 'redis') return null
  const buckets = openSharedBuckets(queue, log, now)
  closing.add('shared buckets', async () => buckets.close())
  return buckets
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {})
}
