import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from '@leasehold/application'
import pg from 'pg'
import { initialiseCluster, roleName } from './initialise-cluster.ts'
import {
  findPostmaster,
  isAlive,
  isServerOf,
  logTail,
  spawnPostmaster,
  stopPostmaster,
} from './postmaster.ts'
import { guardServer } from './server-guard.ts'
import {
  type Connection,
  freePort,
  isPortFree,
  prepareLayout,
  rememberConnection,
  type ServerLayout,
  storeConnection,
} from './server-layout.ts'
import { serverSettings } from './server-settings.ts'

export type EmbeddedPostgres = {
  /** Holds the password: not for logs. */
  readonly url: string
  /** Ends the server. Data stays. */
  stop(): Promise<void>
}

const databaseName = 'leasehold'
const startDeadlineMs = 60_000
const neverAborted = new AbortController().signal

/**
 * Runs a real PostgreSQL of our own in `folder`, on 127.0.0.1 and a port that stays the same from
 * start to start where possible. A server that outlived us (after `kill -9`) is taken over; one that
 * dies is started again. Throws with the end of the server's log when it is not up within a minute.
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
    (await startServer(layout, remembered, settings, neverAborted))
  await ensureDatabase(connection)
  const guard = guardServer(pid, {
    isRunning: (server) => isServerOf(server, layout.dataFolder),
    start: (signal) => startAgain(layout, connection, settings, signal),
    log,
  })
  log.info(
    { port: connection.port, adopted, tookMs: Date.now() - startedAt },
    'embedded database is up',
  )
  return {
    url: urlOf(connection, databaseName),
    stop: async () => stopPostmaster(await guard.release()),
  }
}

/** Where it was, because everybody knows its address by now; waits for remains that hold the port. */
async function startAgain(
  layout: ServerLayout,
  connection: Connection,
  settings: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<number> {
  const other = await findPostmaster(layout.dataFolder)
  if (other !== null) return other.pid
  const { pid } = await startServer(layout, connection, settings, signal, 'same-port')
  return pid
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
  signal: AbortSignal,
  where: 'any-port' | 'same-port' = 'any-port',
): Promise<Running> {
  const deadline = Date.now() + startDeadlineMs
  while (Date.now() < deadline && !signal.aborted) {
    const keepsPort = where === 'same-port' || (await isPortFree(remembered.port))
    const port = keepsPort ? remembered.port : await freePort()
    const connection = { ...remembered, port }
    const child = await spawnPostmaster(layout, port, settings)
    const { pid } = child
    if (pid === undefined)
      throw new Error(`PostgreSQL could not be started from ${layout.binaries.postgres}.`)
    const alive = () => child.exitCode === null && child.signalCode === null
    const hopeful = () => alive() && !signal.aborted
    if (await answersWithin(connection, deadline - Date.now(), hopeful)) {
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
