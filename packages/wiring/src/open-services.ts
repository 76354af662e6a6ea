import { join } from 'node:path'
import type { Log } from '@leasehold/application'
import type { Config } from '@leasehold/config'
import { checkConnectionRoom, migrateDatabase, startEmbeddedPostgres } from '@leasehold/db'
import { startEmbeddedObjectStore } from '@leasehold/object-store'
import { migrateQueue, type QueuePlace, queueConnections } from '@leasehold/queue'
import type { Closing } from './closing.ts'

export type Services = {
  readonly databaseUrl: string
  readonly queue: QueuePlace
  readonly s3: {
    readonly endpoint: string
    readonly region: string
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly publicEndpoint?: string | null
    readonly iamEndpoint?: string | null
    readonly roleArn?: string | null
  }
}

/** Finds the servers behind the ports: those that are configured, or embedded ones that are started now. */
export async function openServices(config: Config, closing: Closing, log: Log): Promise<Services> {
  const [databaseUrl, s3] = await bothStarted(
    openPostgres(config, closing, log),
    openObjectServer(config, closing, log),
  )
  const data = config.database.maxConnections
  const needs = config.queue.kind === 'postgres' ? { data, queue: queueConnections } : { data }
  await checkConnectionRoom(databaseUrl, needs, log)
  await migrateDatabase(databaseUrl)
  if (config.queue.kind === 'postgres') await migrateQueue(databaseUrl)
  const queue =
    config.queue.kind === 'redis' ? config.queue : { kind: 'postgres' as const, url: databaseUrl }
  return { databaseUrl, queue, s3 }
}

/** Both, or the failure of one when the other is no longer on its way: what started is known to `closing` by then. */
async function bothStarted<One, Other>(
  one: Promise<One>,
  other: Promise<Other>,
): Promise<[One, Other]> {
  await Promise.allSettled([one, other])
  return Promise.all([one, other])
}

async function openPostgres(config: Config, closing: Closing, log: Log): Promise<string> {
  if (config.database.kind === 'external') return config.database.url
  const postgres = await startEmbeddedPostgres({
    folder: join(config.stateFolder, 'postgres'),
    log,
  })
  closing.add('embedded PostgreSQL', () => postgres.stop())
  return postgres.url
}

async function openObjectServer(
  config: Config,
  closing: Closing,
  log: Log,
): Promise<Services['s3']> {
  if (config.objectStore.kind === 's3') return config.objectStore
  const store = await startEmbeddedObjectStore({
    folder: join(config.stateFolder, 'objects'),
    cacheFolder: join(config.cacheFolder, 'programs'),
    log,
  })
  closing.add('embedded object store', () => store.stop())
  return store
}
