import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { loadConfig } from '@leasehold/config'
import { inspectDatabase, migrateDatabase, openDatabase } from '@leasehold/db'
import { migrateQueue, openQueue } from '@leasehold/queue'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { checkDatabase } from '../../../apps/doctor/src/checks/database.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { openPool } from '../../../packages/db/src/database-pool.ts'
import { rowSecurityContract } from '../../../packages/db/src/testing/row-security-contract.ts'
import { queueContract } from '../../../packages/testing/src/contracts/queue-contract.ts'
import { leaseStoreContract } from '../../../packages/testing/src/contracts/stores/lease-store-contract.ts'
import { debianPostgres } from '../../services/postgres/postgres-releases.ts'
import {
  findPgBouncerPrerequisites,
  type StartedPgBouncer,
  startPgBouncer,
} from '../../services/postgres/start-pgbouncer.ts'
import { type StartedPostgres, startPostgres } from '../../services/postgres/start-postgres.ts'
import { quietLog } from '../support/quiet-log.ts'
import { runAlone } from './use-database.ts'

const missing = (await debianPostgres.findPrerequisites()) ?? (await findPgBouncerPrerequisites())
const title = `PgBouncer before PostgreSQL 15${missing === null ? '' : ` (skipped: ${missing})`}`

describe.skipIf(missing !== null)(title, () => {
  let folder: string
  let server: StartedPostgres
  let session: StartedPgBouncer
  let transaction: StartedPgBouncer
  let count = 0

  const named = (url: string, name: string) => url.replace(/\/leasehold$/, `/${name}`)
  const make = async (words = '') => {
    const name = `pooled_${count++}`
    await runAlone(server.adminUrl, `CREATE DATABASE ${name} OWNER leasehold ${words}`)
    return name
  }
  /** The address, through sessions of the pooler, of a migrated and empty database of a test's own. */
  const aDatabase = async () => {
    const url = named(session.url, await make('TEMPLATE pristine'))
    return { url, close: async () => {} }
  }
  beforeAll(async () => {
    folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-pooler-'))
    // The servers' own user passes through.
    await fs.chmod(folder, 0o711)
    const options = { folder, log: () => {}, signal: new AbortController().signal }
    server = await startPostgres(options)
    await runAlone(server.adminUrl, 'CREATE DATABASE pristine OWNER leasehold')
    await migrateDatabase(named(server.url, 'pristine'))
    const before = { ...options, databaseUrl: server.url }
    session = await startPgBouncer({ ...before, mode: 'session' })
    transaction = await startPgBouncer({ ...before, mode: 'transaction' })
  })
  afterAll(async () => {
    await transaction?.stop()
    await session?.stop()
    await server?.stop()
    await fs.rm(folder, { recursive: true, force: true })
  })

  describe('pool_mode = session', () => {
    it('migrates once, whoever else migrates through it at the same moment', async () => {
      const url = named(session.url, await make())

      const both = await Promise.all([migrateDatabase(url), migrateDatabase(url)])

      expect(both.map(({ applied }) => applied.length > 0).sort()).toEqual([false, true])
    })

    it('leaves our roles and limits on each connection, and none for the next client', async () => {
      const { url } = await aDatabase()
      const pool = openPool({ url, maxConnections: 1, log: quietLog })
      const { rows } = await pool.query(
        `SELECT current_user AS role, current_setting('statement_timeout') AS statement,
          current_setting('lock_timeout') AS lock, pg_backend_pid() AS pid`,
      )
      await pool.end()
      const next = openPool({ url, maxConnections: 1, log: quietLog })
      const after = await next.query('SELECT pg_backend_pid() AS pid')
      await next.end()

      expect(rows).toEqual([
        { role: 'leasehold_platform', statement: '10s', lock: '5s', pid: expect.any(Number) },
      ])
      // The very process that served the one before: nothing of it was in the way of preparing ours again.
      expect(after.rows).toEqual([{ pid: rows[0].pid }])
    })

    it('is known for what it is, and nothing to worry about', async () => {
      const { url } = await aDatabase()

      expect((await inspectDatabase(url)).pooling).toBe('session')
      expect((await inspectDatabase(named(server.url, 'pristine'))).pooling).toBe('none')
      expect(await pooler(url)).toMatchObject([{ verdict: 'ok' }])
    })

    leaseStoreContract('through PgBouncer', async (clock) => {
      const { url } = await aDatabase()
      const stores = await openDatabase({ url, maxConnections: 4, log: quietLog, now: clock.now })
      return { stores, close: () => stores.close() }
    })
    rowSecurityContract('through PgBouncer', aDatabase)

    describe('announces jobs', () => {
      let url: string
      beforeAll(async () => {
        url = (await aDatabase()).url
        await migrateQueue(url)
      })
      const open = () => openQueue({ kind: 'postgres', url, log: quietLog, now: Date.now })
      // A hint may be left of the test before.
      beforeEach(async () => {
        const queue = await open()
        await queue.empty()
        await queue.close()
      })
      queueContract('BullMQ on PostgreSQL through PgBouncer', { open })
    })
  })

  describe('pool_mode = transaction', () => {
    it('is refused before anything is changed, with what to do', async () => {
      const name = await make()

      await expect(migrateDatabase(named(transaction.url, name))).rejects.toThrow(
        /one transaction only.*pool_mode = session/s,
      )
      const { migrations } = await inspectDatabase(named(server.url, name))
      expect(migrations.missing.length).toBeGreaterThan(5)
    })

    it('is found by the doctor, who leaves nothing in the sessions of others', async () => {
      const url = named(transaction.url, await make('TEMPLATE pristine'))

      expect(await pooler(url)).toMatchObject([
        { verdict: 'problem', advice: expect.stringContaining('pool_mode = session') },
      ])
      // The same server process, most likely, and in any case one that the doctor may have used.
      await runAlone(url, 'CREATE TABLE written (number integer)')
    })
  })
})

/** What the doctor says of the pooler before a database. */
async function pooler(url: string) {
  const config = loadConfig({ DATABASE_URL: url })
  const findings = await runChecks(checkDatabase(config), 30_000)
  return findings.filter(({ check }) => check === 'pooler')
}
