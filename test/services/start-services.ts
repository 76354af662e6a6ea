import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { developmentRealm, developmentSecrets } from '@leasehold/keycloak'
import { findKeycloakPrerequisites } from './keycloak/keycloak-program.ts'
import { type StartedKeycloak, startKeycloak } from './keycloak/start-keycloak.ts'
import { findObjectStorePrerequisites } from './object-stores/build-store.ts'
import { startMinio } from './object-stores/start-minio.ts'
import type { StartedStore } from './object-stores/store-process.ts'
import { debianPostgres } from './postgres/postgres-releases.ts'
import { type StartedPostgres, startPostgres } from './postgres/start-postgres.ts'
import { findRedisPrerequisites } from './redis/redis-process.ts'
import { type StartedRedis, startRedis } from './redis/start-redis.ts'
import type { ServiceOptions } from './service.ts'

/** PostgreSQL 15, Redis and MinIO, empty, for one platform. */
export type StartedStores = {
  readonly postgres: StartedPostgres
  readonly redis: StartedRedis
  readonly store: StartedStore
  /** Environment of a platform that is to use them, as docs/settings.md has it. */
  readonly settings: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** All the servers that an operator runs beside Leasehold, on loopback and for real. */
export type StartedServices = StartedStores & { readonly keycloak: StartedKeycloak }

/** Null when all of them can be started here, else each reason why not. */
export async function findServicesPrerequisites(): Promise<string | null> {
  const missing = [
    await findKeycloakPrerequisites(),
    await debianPostgres.findPrerequisites(),
    findRedisPrerequisites(),
    findObjectStorePrerequisites(),
  ].filter((reason) => reason !== null)
  return missing.length === 0 ? null : missing.join('; ')
}

/** Starts Keycloak, Redis, MinIO and PostgreSQL 15; when one does not start, the others are ended again. */
export async function startServices(options: ServiceOptions): Promise<StartedServices> {
  const [keycloak, stores] = await startTogether([
    startIn(options, 'keycloak', startEmptyKeycloak),
    startStores(options),
  ])
  return {
    ...stores,
    keycloak,
    settings: {
      ...stores.settings,
      ...identitySettings(keycloak.issuer),
    },
    stop: () => stopAll([keycloak, stores]),
  }
}

/** The same without Keycloak, which is slow to start and bears to be shared. */
export async function startStores(options: ServiceOptions): Promise<StartedStores> {
  const [postgres, redis, store] = await startTogether([
    startIn(options, 'postgres', startPostgres),
    startIn(options, 'redis', startRedis),
    startIn(options, 'store', startMinio),
  ])
  return {
    postgres,
    redis,
    store,
    settings: {
      DATABASE_URL: postgres.url,
      REDIS_URL: redis.url,
      S3_ENDPOINT: store.endpoint,
      S3_REGION: store.region,
      S3_ACCESS_KEY_ID: store.accessKeyId,
      S3_SECRET_ACCESS_KEY: store.secretAccessKey,
    },
    stop: () => stopAll([postgres, redis, store]),
  }
}

/** The people of the development issuer, who belong to no tenant yet: an operator lets tenants in. */
export function startEmptyKeycloak(options: ServiceOptions): Promise<StartedKeycloak> {
  return startKeycloak({ ...options, realm: { ...developmentRealm(), organizations: [] } })
}

export function identitySettings(issuer: string): Readonly<Record<string, string>> {
  return {
    OIDC_ISSUER: issuer,
    KEYCLOAK_PROVISIONER_SECRET: developmentSecrets.provisioner,
  }
}

type Stoppable = { stop(): Promise<void> }

async function startIn<Service>(
  options: ServiceOptions,
  name: string,
  start: (options: ServiceOptions) => Promise<Service>,
): Promise<Service> {
  const folder = path.join(options.folder, name)
  await mkdir(folder, { recursive: true, mode: 0o711 })
  return await start({ ...options, folder })
}

/** All or none: who started beside one that failed is ended again. */
async function startTogether<Services extends readonly Stoppable[]>(
  starting: {
    readonly [Each in keyof Services]: Promise<Services[Each]>
  },
): Promise<Services> {
  const outcomes = await Promise.allSettled(starting)
  const started = outcomes.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = outcomes.find((one) => one.status === 'rejected')
  if (failed === undefined) return started as unknown as Services
  await stopAll(started)
  throw failed.reason
}

async function stopAll(services: readonly Stoppable[]): Promise<void> {
  await Promise.all(services.map((service) => service.stop()))
}

/** Keeps settings where only their owner reads them, in the form that shells and `node --env-file` take. */
export async function writeSettings(
  file: string,
  settings: StartedServices['settings'],
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
}
