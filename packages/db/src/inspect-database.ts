import { createHash } from 'node:crypto'
import fs from 'node:fs/promises'
import path from 'node:path'
import pg from 'pg'
import { findPooling, type Pooling } from './find-pooling.ts'
import { inspectRoles, type RoleFacts } from './inspect-roles.ts'
import { migrationNames, ownMigrations } from './migrate-database.ts'

/** What a database says of itself, for whoever looks after it. */
export type DatabaseFacts = {
  /** As `server_version_num`: 150004 is 15.4. */
  readonly version: number
  readonly isReadOnly: boolean
  readonly encoding: string
  readonly maxConnections: number
  /** Of everybody at this moment, the one that asks included. */
  readonly usedConnections: number
  /** By how many milliseconds its clock is ahead of ours; the answer's way is taken off. */
  readonly clockAheadMs: number
  /** A crash of the server may lose or break what was committed. */
  readonly losesOnCrash: boolean
  readonly migrations: {
    readonly missing: readonly string[]
    /** Begun and not finished. */
    readonly failed: readonly string[]
    /** Changed after they were applied. */
    readonly edited: readonly string[]
    /** Applied by a newer version than this one. */
    readonly unknown: readonly string[]
  }
  /** What this role may not do with a table although every app must, `table: INSERT`. */
  readonly missingRights: readonly string[]
  readonly roles: RoleFacts
  /** What stands between us and it. */
  readonly pooling: Pooling
}

type General = Omit<
  DatabaseFacts,
  'migrations' | 'missingRights' | 'clockAheadMs' | 'roles' | 'pooling'
> & {
  readonly now: number
}

/** Reads only. Throws what the server or the network says when it cannot be asked within `timeoutMs`. */
export async function inspectDatabase(
  url: string,
  { timeoutMs = 10_000, now = Date.now }: { timeoutMs?: number; now?: () => number } = {},
): Promise<DatabaseFacts> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'leasehold-doctor',
    connectionTimeoutMillis: timeoutMs,
    query_timeout: timeoutMs,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    const pooling = await findPooling(client, url)
    // For this transaction, not for the session: behind some poolers that is somebody else's afterwards.
    await client.query('BEGIN READ ONLY')
    const askedAt = now()
    const { rows } = await client.query<General>(generalFacts)
    const [found] = rows
    if (found === undefined) throw new Error('The database answered nothing.')
    const { now: theirs, ...general } = found
    return {
      ...general,
      pooling,
      clockAheadMs: Math.round(theirs - (askedAt + now()) / 2),
      migrations: await compareMigrations(client),
      missingRights: await missingRights(client),
      roles: await inspectRoles(client),
    }
  } finally {
    await client.end().catch(() => {})
  }
}

const generalFacts = `SELECT
  current_setting('server_version_num')::int AS version,
  pg_is_in_recovery() AS "isReadOnly",
  current_setting('server_encoding') AS encoding,
  current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int AS "maxConnections",
  (SELECT count(*)::int FROM pg_stat_activity WHERE backend_type = 'client backend') AS "usedConnections",
  current_setting('fsync') = 'off' OR current_setting('full_page_writes') = 'off' AS "losesOnCrash",
  (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`

async function compareMigrations(client: pg.Client): Promise<DatabaseFacts['migrations']> {
  const names = await migrationNames()
  const { rows: tables } = await client.query<{ there: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS there`,
  )
  if (tables[0]?.there !== true) return { missing: names, failed: [], edited: [], unknown: [] }
  const { rows } = await client.query<{ name: string; checksum: string; finished: boolean }>(
    `SELECT migration_name AS name, checksum, finished_at IS NOT NULL AS finished
     FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY migration_name`,
  )
  const applied = new Map(rows.map((row) => [row.name, row]))
  const edited: string[] = []
  for (const name of names) {
    const known = applied.get(name)
    if (known?.finished === true && known.checksum !== (await checksumOf(name))) edited.push(name)
  }
  return {
    missing: names.filter((name) => !applied.has(name)),
    failed: rows.filter(({ finished }) => !finished).map(({ name }) => name),
    edited,
    unknown: rows.map(({ name }) => name).filter((name) => !names.includes(name)),
  }
}

async function checksumOf(name: string): Promise<string> {
  const sql = await fs.readFile(path.join(ownMigrations, name, 'migration.sql'), 'utf8')
  return createHash('sha256').update(sql).digest('hex')
}

async function missingRights(client: pg.Client): Promise<readonly string[]> {
  const { rows } = await client.query<{ missing: string }>(
    `SELECT format('%s: %s', tablename, privilege) AS missing
     FROM pg_tables, unnest(ARRAY['SELECT', 'INSERT']) AS privilege
     WHERE schemaname = current_schema() AND tablename <> '_prisma_migrations'
       AND NOT has_table_privilege(format('%I.%I', schemaname, tablename), privilege)
     ORDER BY 1`,
  )
  return rows.map(({ missing }) => missing)
}
