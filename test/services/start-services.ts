import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { developmentSecrets } from '@leasehold/keycloak'
import { findKeycloakPrerequisites } from './keycloak/keycloak-program.ts'
import { type StartedKeycloak, startKeycloak } from './keycloak/start-keycloak.ts'
import { findObjectStorePrerequisites } from './object-stores/build-store.ts'
import { startMinio } from './object-stores/start-minio.ts'
import type { StartedStore } from './object-stores/store-process.ts'
import { findPostgresPrerequisites } from './postgres/postgres-programs.ts'
import { type StartedPostgres, startPostgres } from './postgres/start-postgres.ts'
import { findRedisPrerequisites } from './redis/redis-process.ts'
import { type StartedRedis, startRedis } from './redis/start-redis.ts'
import type { ServiceOptions } from './service.ts'

/** The servers that an operator runs beside Leasehold, all of them on loopback and for real. */
export type StartedServices = {
  readonly keycloak: StartedKeycloak
  readonly postgres: StartedPostgres
  readonly redis: StartedRedis
  readonly store: StartedStore
  /** Environment of a platform that is to use them, as docs/settings.md has it. */
  readonly settings: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Null when all of them can be started here, else each reason why not. */
export async function findServicesPrerequisites(): Promise<string | null> {
  const missing = [
    await findKeycloakPrerequisites(),
    await findPostgresPrerequisites(),
    findRedisPrerequisites(),
    findObjectStorePrerequisites(),
  ].filter((reason) => reason !== null)
  return missing.length === 0 ? null : missing.join('; ')
}

/** Starts Keycloak, Redis, MinIO and PostgreSQL 15; when one does not start, the others are ended again. */
export async function startServices(options: ServiceOptions): Promise<StartedServices> {
  const started: { stop(): Promise<void> }[] = []
  const begin = async <Service extends { stop(): Promise<void> }>(
    name: string,
    start: (options: ServiceOptions) => Promise<Service>,
  ): Promise<Service> => {
    const folder = path.join(options.folder, name)
    await mkdir(folder, { recursive: true, mode: 0o711 })
    const service = await start({ ...options, folder })
    started.push(service)
    return service
  }
  const stop = async () => void (await Promise.all(started.map((service) => service.stop())))
  const starting = [
    begin('keycloak', startKeycloak),
    begin('postgres', startPostgres),
    begin('redis', startRedis),
    begin('store', startMinio),
  ] as const
  try {
    const [keycloak, postgres, redis, store] = await Promise.all(starting)
    const settings = settingsFor(keycloak, postgres, redis, store)
    return { keycloak, postgres, redis, store, settings, stop }
  } catch (error) {
    await Promise.allSettled(starting)
    await stop()
    throw error
  }
}

function settingsFor(
  keycloak: StartedKeycloak,
  postgres: StartedPostgres,
  redis: StartedRedis,
  store: StartedStore,
): Readonly<Record<string, string>> {
  return {
    DATABASE_URL: postgres.url,
    REDIS_URL: redis.url,
    S3_ENDPOINT: store.endpoint,
    S3_REGION: store.region,
    S3_ACCESS_KEY_ID: store.accessKeyId,
    S3_SECRET_ACCESS_KEY: store.secretAccessKey,
    OIDC_ISSUER: keycloak.issuer,
    KEYCLOAK_PROVISIONER_SECRET: developmentSecrets.provisioner,
  }
}

/** Keeps settings where only their owner reads them, in the form that shells and `node --env-file` take. */
export async function writeSettings(
  file: string,
  settings: StartedServices['settings'],
): Promise<void> {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`)
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
}
