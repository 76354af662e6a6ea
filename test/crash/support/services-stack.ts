import { execFile } from 'node:child_process'
import { chmod, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import { forgetTenants, onboardTenants } from '../../services/keycloak/onboard-tenants.ts'
import type { StartedKeycloak } from '../../services/keycloak/start-keycloak.ts'
import type { StartedPostgres } from '../../services/postgres/start-postgres.ts'
import { identitySettings, startStores } from '../../services/start-services.ts'
import { freeze } from './processes.ts'
import type { Stack } from './stack.ts'

const execute = promisify(execFile)
const commandLimitMs = 30_000

/** Plain data: it crosses processes. */
export type SharedKeycloak = Pick<StartedKeycloak, 'url' | 'issuer' | 'admin'> & {
  readonly pid: number
}

/** PostgreSQL 15, Redis and MinIO of this state folder's own, and a Keycloak that others use, too. */
export async function openServicesStack(
  stateFolder: string,
  keycloak: SharedKeycloak,
): Promise<Stack> {
  await forgetTenants(keycloak)
  const folder = join(stateFolder, 'services')
  await mkdir(folder, { recursive: true })
  for (const each of [stateFolder, folder]) await chmod(each, 0o711)
  const signal = new AbortController().signal
  const { postgres, redis, store, settings, stop } = await startStores({
    folder,
    log: () => {},
    signal,
  })
  const database = new URL(postgres.adminUrl)
  database.pathname = '/leasehold'
  return {
    settings: { ...settings, ...identitySettings(keycloak.issuer) },
    lostWithDatabase: ['database'],
    databaseUrl: async () => database.href,
    databasePid: async () => postgres.pid(),
    reviveDatabase: async () => {
      await postgres.kill()
      await postgres.start()
    },
    keepKillingDatabase: async () => keepKilling(postgres),
    emptyQueue: () => flush(redis),
    takeQueue: async () => {
      await redis.stop()
      return redis.start
    },
    takeIdentity: () => freeze(keycloak.pid),
    storePid: async () => store.pids()[0] ?? 0,
    secrets: async () => [
      ['the database password', new URL(postgres.url).password],
      ['the password of Redis', new URL(redis.url).password],
      ["the object store's key", store.secretAccessKey],
    ],
    onboard: onboardTenants,
    stop,
  }
}

/** As a machine does that starts its database again and again until the fault is found. */
function keepKilling(postgres: StartedPostgres): () => Promise<void> {
  const ending = new AbortController()
  const killing = (async () => {
    while (!ending.signal.aborted) {
      await postgres.kill()
      await postgres.start()
      await pause(200, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  // Seen when it is left alone; until then a failure must not end the test's process.
  killing.catch(() => {})
  return async () => {
    ending.abort()
    await killing
  }
}

async function flush(redis: { readonly url: string; readonly port: number }): Promise<number> {
  const options = {
    env: { ...process.env, REDISCLI_AUTH: new URL(redis.url).password },
    timeout: commandLimitMs,
  }
  const command = async (word: string) => {
    const { stdout } = await execute('redis-cli', ['-p', String(redis.port), word], options)
    return stdout.trim()
  }
  const removed = Number(await command('DBSIZE'))
  if ((await command('FLUSHALL')) !== 'OK') throw new Error('Redis did not flush.')
  return removed
}
