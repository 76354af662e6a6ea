import { createHash, randomUUID } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { refuseTransactionPooling } from './find-pooling.ts'

/** The key under which Prisma's own engine locks migrations (schema-engine, `ADVISORY_LOCK_KEY`). */
const migrationLock = 72_707_369
const here = path.dirname(fileURLToPath(import.meta.url))
export const ownMigrations = path.resolve(here, '../../../prisma/migrations')

/** A migration that was changed after it was applied: said, not refused, because the database is as it is. */
export type Migrated = { readonly applied: readonly string[]; readonly edited: readonly string[] }

/**
 * Applies what is missing of prisma/migrations, in order of name, each in a transaction of its own.
 * Writes Prisma's table with Prisma's checksums and takes Prisma's lock, so `prisma migrate status`
 * agrees and two that start at once do not meet. Throws with the migration's name when one fails, now or
 * earlier: that needs a person (`prisma migrate resolve`). Throws, too, behind a pooler whose connections do not stay.
 */
export async function migrateDatabase(url: string, folder = ownMigrations): Promise<Migrated> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'leasehold-migrate',
    connectionTimeoutMillis: 10_000,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    await refuseTransactionPooling(client, url)
    // A migration waits in line only briefly: behind it, every query of its table would wait too.
    await client.query(`SET lock_timeout = '10s'; SET statement_timeout = '10min'`)
    await takeLock(client)
    await ensureHistory(client)
    return await applyMissing(client, folder)
  } finally {
    // Ending the session gives the lock back, whatever state it is in.
    await client.end().catch(() => {})
  }
}

const askAgainMs = 200

/**
 * Asks again and again: who waits inside a statement holds a snapshot, and an index that is built concurrently
 * waits for all of those. Two that start at once would wait for each other.
 */
async function takeLock(client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ taken: boolean }>(
      'SELECT pg_try_advisory_lock($1) AS taken',
      [migrationLock],
    )
    if (rows[0]?.taken === true) return
    await delay(askAgainMs)
  }
}

async function applyMissing(client: pg.Client, folder: string): Promise<Migrated> {
  const done = await readHistory(client)
  const applied: string[] = []
  const edited: string[] = []
  for (const name of await migrationNames(folder)) {
    const sql = await fs.readFile(path.join(folder, name, 'migration.sql'), 'utf8')
    const checksum = createHash('sha256').update(sql).digest('hex')
    const known = done.get(name)
    if (known === undefined) {
      await apply(client, name, sql, checksum)
      applied.push(name)
    } else if (known !== checksum) edited.push(name)
  }
  return { applied, edited }
}

export async function migrationNames(folder = ownMigrations): Promise<readonly string[]> {
  const entries = await fs.readdir(folder, { withFileTypes: true })
  return entries
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
}

/** Checksums of what is applied, by name. */
async function readHistory(client: pg.Client): Promise<ReadonlyMap<string, string>> {
  const { rows } = await client.query<{
    migration_name: string
    checksum: string
    finished_at: Date | null
    logs: string | null
  }>(
    `SELECT migration_name, checksum, finished_at, logs FROM _prisma_migrations
     WHERE rolled_back_at IS NULL ORDER BY started_at`,
  )
  const failed = rows.find((row) => row.finished_at === null)
  if (failed !== undefined)
    throw new Error(
      `The migration ${failed.migration_name} failed earlier (${failed.logs ?? 'no reason was noted'}). ` +
        `Look at what it left, then run: prisma migrate resolve --rolled-back ${failed.migration_name}`,
    )
  return new Map(rows.map((row) => [row.migration_name, row.checksum]))
}

async function apply(client: pg.Client, name: string, sql: string, checksum: string) {
  const id = randomUUID()
  await client.query(
    'INSERT INTO _prisma_migrations (id, checksum, migration_name) VALUES ($1, $2, $3)',
    [id, checksum, name],
  )
  try {
    // Several statements in one message are one transaction.
    await client.query(sql)
  } catch (error) {
    const { code, message } = error as { code?: string; message: string }
    await client
      .query('UPDATE _prisma_migrations SET logs = $2 WHERE id = $1', [id, `${code}: ${message}`])
      .catch(() => {})
    throw new Error(`The migration ${name} failed: ${message}`, { cause: error })
  }
  await client.query(
    'UPDATE _prisma_migrations SET finished_at = now(), applied_steps_count = 1 WHERE id = $1',
    [id],
  )
}

/** A login that may make no tables finds one here, and serves where nothing is missing. */
async function ensureHistory(client: pg.Client): Promise<void> {
  const { rows } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  )
  if (rows[0]?.there !== true) await client.query(historyTable)
}

/** As Prisma's engine makes it. */
const historyTable = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum VARCHAR(64) NOT NULL,
  finished_at TIMESTAMPTZ,
  migration_name VARCHAR(255) NOT NULL,
  logs TEXT,
  rolled_back_at TIMESTAMPTZ,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`
