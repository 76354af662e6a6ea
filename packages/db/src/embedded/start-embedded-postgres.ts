import { spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@leasehold/application'
import pg from 'pg'
import { findPostmaster, isAlive, logTail, spawnPostmaster, stopPostmaster } from './postmaster.ts'
import {
  type Connection,
  freePort,
  isPortFree,
  prepareLayout,
  rememberConnection,
  type ServerLayout,
  storeConnection,
} from './server-layout.ts'
import { serverMajorVersion, serverSettings } from './server-settings.ts'

export type EmbeddedPostgres = {
  /** Holds the password: not for logs. */
  readonly url: string
  /** Ends the server. Data stays. */
  stop(): Promise<void>
}

const roleName = 'leasehold'
const databaseName = 'leasehold'
const initDeadlineMs = 120_000
const startDeadlineMs = 60_000

/**
 * Runs a real PostgreSQL of our own in `folder`, on 127.0.0.1 and a port that stays the same from
 * start to start where possible. A server that outlived us (after `kill -9`) is taken over. Throws
 * with the end of the server's log when it is not up within a minute.
 */
export async function startEmbeddedPostgres(options: {
  readonly folder: string
  readonly log: Log
  /** Overrides, for tests: `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
}): Promise<EmbeddedPostgres> {
  const { log } = options
  const startedAt = Date.now()
  const layout = await prepareLayout(path.resolve(options.folder), log)
  const remembered = await rememberConnection(layout.folder)
  await initialiseCluster(layout, remembered.password, log)

  const settings = { ...serverSettings, ...options.settings }
  const { pid, connection, adopted } =
    (await adoptServer(layout, remembered, log)) ??
    (await startServer(layout, remembered, settings))
  await ensureDatabase(connection)
  log.info(
    { port: connection.port, adopted, tookMs: Date.now() - startedAt },
    'embedded database is up',
  )
  return { url: urlOf(connection, databaseName), stop: () => stopPostmaster(pid) }
}

type Running = { readonly pid: number; readonly connection: Connection; readonly adopted: boolean }

/** Null when no usable server runs on our data; one that runs but does not answer us is ended. */
async function adoptServer(
  layout: ServerLayout,
  remembered: Connection,
  log: Log,
): Promise<Running | null> {
  const found = await findPostmaster(layout.dataFolder)
  if (found === null) return null
  const connection = { ...remembered, port: found.port }
  if (await answersWithin(connection, 10_000, () => isAlive(found.pid)))
    return { pid: found.pid, connection, adopted: true }
  log.warn({ pid: found.pid }, 'a database server left from before does not answer; ending it')
  await stopPostmaster(found.pid, 2_000)
  return null
}

async function startServer(
  layout: ServerLayout,
  remembered: Connection,
  settings: Readonly<Record<string, string>>,
): Promise<Running> {
  const deadline = Date.now() + startDeadlineMs
  while (Date.now() < deadline) {
    const port = (await isPortFree(remembered.port)) ? remembered.port : await freePort()
    const connection = { ...remembered, port }
    const child = await spawnPostmaster(layout, port, settings)
    const { pid } = child
    if (pid === undefined)
      throw new Error(`PostgreSQL could not be started from ${layout.binaries.postgres}.`)
    const alive = () => child.exitCode === null && child.signalCode === null
    if (await answersWithin(connection, deadline - Date.now(), alive)) {
      await storeConnection(layout.folder, connection)
      return { pid, connection, adopted: false }
    }
    if (alive()) await stopPostmaster(pid, 2_000)
    // Two passing causes: the port was taken meanwhile, or backends of a killed server are still ending.
    const tail = await logTail(layout.logFile)
    if (!/Address already in use|shared memory block|lock file/.test(tail)) break
    await delay(200)
  }
  throw new Error(
    `The embedded database did not start. Its log (${layout.logFile}) ends with:\n${await logTail(layout.logFile)}`,
  )
}

/** Makes the data folder in one step: a half-made one from a crash is thrown away. */
async function initialiseCluster(layout: ServerLayout, password: string, log: Log): Promise<void> {
  const version = await fs
    .readFile(path.join(layout.dataFolder, 'PG_VERSION'), 'utf8')
    .catch(() => null)
  if (version !== null) return requireOurVersion(version.trim(), layout)

  log.info({ folder: layout.dataFolder }, 'making a new database')
  const { user } = layout
  const fresh = `${layout.dataFolder}.new`
  const passwordFile = `${layout.dataFolder}.password`
  try {
    await fs.rm(fresh, { recursive: true, force: true })
    await fs.mkdir(fresh, { mode: 0o700 })
    await fs.writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
    if (user !== null)
      for (const file of [fresh, passwordFile]) await fs.chown(file, user.uid, user.gid)
    await runInitdb(layout, fresh, passwordFile)
    await fs.rename(fresh, layout.dataFolder)
  } finally {
    await fs.rm(passwordFile, { force: true })
  }
}

function requireOurVersion(version: string, layout: ServerLayout): void {
  if (version === serverMajorVersion) return
  throw new Error(
    `${layout.dataFolder} was made by PostgreSQL ${version}, and this program brings ${serverMajorVersion}. ` +
      'Dump it with the old one and restore it, or choose another state folder.',
  )
}

async function runInitdb(layout: ServerLayout, fresh: string, passwordFile: string) {
  const { user } = layout
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const child = spawn(
    layout.binaries.initdb,
    [`--pgdata=${fresh}`, `--username=${roleName}`, '--auth=scram-sha-256']
      .concat(`--pwfile=${passwordFile}`, '--locale=C', locale)
      .concat('--set=dynamic_shared_memory_type=mmap'),
    {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: initDeadlineMs,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      ...(user === null ? {} : { uid: user.uid, gid: user.gid }),
    },
  )
  let words = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      words = (words + chunk.toString()).slice(-4_000)
    })
  const code = await new Promise<number | null | Error>((resolve) => {
    child.on('error', resolve)
    child.on('close', resolve)
  })
  if (code !== 0)
    throw new Error(
      `A new database could not be made in ${fresh} (initdb: ${code}):\n${words.trim()}`,
    )
}

/** Polls until the server lets us in, its process is gone, or the time is over. A wrong password is an error at once. */
async function answersWithin(
  connection: Connection,
  timeoutMs: number,
  alive: () => boolean,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs
  while (Date.now() < deadline && alive()) {
    try {
      await withClient(connection, 'postgres', (client) => client.query('SELECT 1'))
      return true
    } catch (error) {
      if ((error as { code?: string }).code === '28P01')
        throw new Error(
          'The embedded database refuses the remembered password. Restore connection.json in its folder from a backup.',
        )
    }
    await delay(30)
  }
  return false
}

async function ensureDatabase(connection: Connection): Promise<void> {
  await withClient(connection, 'postgres', async (client) => {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [
      databaseName,
    ])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${databaseName}`)
  })
}

async function withClient<Result>(
  connection: Connection,
  database: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({
    connectionString: urlOf(connection, database),
    connectionTimeoutMillis: 3_000,
    query_timeout: 20_000,
  })
  client.on('error', () => {})
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

function urlOf({ port, password }: Connection, database: string): string {
  return `postgres://${roleName}:${password}@127.0.0.1:${port}/${database}`
}
