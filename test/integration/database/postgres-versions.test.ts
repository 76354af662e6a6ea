import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { migrateDatabase, openDatabase } from '@leasehold/db'
import { certificatesRefused } from '@leasehold/testing/certificates'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rowSecurityContract } from '../../../packages/db/src/testing/row-security-contract.ts'
import { allStoresContract } from '../../../packages/testing/src/contracts/stores/all-stores-contract.ts'
import {
  type PostgresRelease,
  postgresReleases,
} from '../../services/postgres/postgres-releases.ts'
import { type StartedPostgres, startPostgres } from '../../services/postgres/start-postgres.ts'
import { quietLog } from '../support/quiet-log.ts'
import { driftStories } from './drift-stories.ts'
import { migrationStories } from './migration-stories.ts'
import { tlsStories } from './tls-stories.ts'
import { runAlone, useDatabase } from './use-database.ts'

/** Fetching a release for the first time takes a while, and is no test's time. */
const releases = await Promise.all(
  postgresReleases.map(async (release) => ({
    release,
    missing: (await release.findPrerequisites()) ?? certificatesRefused(),
  })),
)

for (const { release, missing } of releases) {
  const title = `PostgreSQL ${release.version}${missing === null ? '' : ` (skipped: ${missing})`}`
  describe.skipIf(missing !== null)(title, () => versionStories(release))
}

/** Everything as a login that is no administrator. */
function versionStories(release: PostgresRelease): void {
  const name = `PostgreSQL ${release.version}`
  let folder: string
  let server: StartedPostgres
  let count = 0

  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), `leasehold-postgres-${release.version}-`))
    // The server's own user passes through.
    await fs.chmod(folder, 0o711)
    const { signal } = new AbortController()
    server = await startPostgres({ folder, log: () => {}, signal, release })
    await migrateDatabase(server.url)
  })
  afterAll(async () => {
    await server?.stop()
    await fs.rm(folder, { recursive: true, force: true })
  })

  /** A migrated, empty database of a test's own. */
  const aDatabase = async () => {
    const copy = `copy_${count++}`
    await runAlone(server.adminUrl, `CREATE DATABASE ${copy} TEMPLATE leasehold OWNER leasehold`)
    return { url: server.url.replace(/\/leasehold$/, `/${copy}`), close: async () => {} }
  }
  const openTestDatabase = async () => useDatabase((await aDatabase()).url, server.adminUrl)

  it('is the server that answers', async () => {
    const database = await openTestDatabase()
    const [row] = await database.sql<{ server_version: string }>('SHOW server_version')
    await database.close()

    expect(row?.server_version?.split('.')[0]).toBe(release.version)
  })

  allStoresContract(name, async (clock) => {
    const { url } = await aDatabase()
    const stores = await openDatabase({ url, maxConnections: 8, log: quietLog, now: clock.now })
    return { stores, close: () => stores.close() }
  })
  rowSecurityContract(name, aDatabase)
  describe('migrations', () => migrationStories(openTestDatabase))
  describe('the drift finder', () => driftStories(openTestDatabase))
  describe('over TLS', () => tlsStories(() => ({ server, folder })))
}
