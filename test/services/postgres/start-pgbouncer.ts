import { chown, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, step } from '@leasehold/dev-cluster'
import pg from 'pg'
import { findServerUser } from '../../../packages/db/src/embedded/server-user.ts'
import { runProgram } from '../run-program.ts'
import { exists, type ServiceOptions } from '../service.ts'
import { asServerUser } from './as-server-user.ts'

export const pgbouncer = '/usr/sbin/pgbouncer'

export type PgBouncerOptions = ServiceOptions & {
  /** The server behind it; its login is that of clients, too. */
  readonly databaseUrl: string
  readonly mode: 'session' | 'transaction'
}

/** A pooler before a PostgreSQL, as Debian configures it but for the mode and the number of connections. */
export type StartedPgBouncer = {
  /** The same login and database, through it. */
  readonly url: string
  stop(): Promise<void>
}

const readyWithinMs = 60_000

/** Null when PgBouncer can be started here, else why not. */
export async function findPgBouncerPrerequisites(): Promise<string | null> {
  return (await exists(pgbouncer)) ? null : 'PgBouncer is not installed (apt-get install pgbouncer)'
}

/** Starts it on a free port of 127.0.0.1, never as root. Every database of the server is reached through it. */
export async function startPgBouncer(options: PgBouncerOptions): Promise<StartedPgBouncer> {
  const { folder, mode, signal } = options
  const server = new URL(options.databaseUrl)
  const port = await freePort()
  const url = new URL(server)
  url.port = String(port)
  const at = (name: string) => path.join(folder, `pgbouncer-${mode}${name}`)
  const user = await findServerUser()
  const lines = [
    '[databases]',
    `* = host=${server.hostname} port=${server.port}`,
    '[pgbouncer]',
    'listen_addr = 127.0.0.1',
    `listen_port = ${port}`,
    'unix_socket_dir =',
    'auth_type = plain',
    `auth_file = ${at('-users')}`,
    `pool_mode = ${mode}`,
    'default_pool_size = 40',
    'max_client_conn = 100',
  ]
  await writePrivate(at('.ini'), `${lines.join('\n')}\n`, user)
  await writePrivate(at('-users'), `"${server.username}" "${server.password}"\n`, user)
  const words = (await asServerUser())(pgbouncer, at('.ini'))
  return await step(options.log, `start PgBouncer (${mode})`, async () => {
    const running = await runProgram({
      name: 'PgBouncer',
      words,
      logFile: at('.log'),
      isReady: () => answers(url.href),
      readyWithinMs,
      stopSignal: 'SIGTERM',
      signal,
    })
    return { url: url.href, stop: () => running.stop() }
  })
}

async function writePrivate(
  file: string,
  text: string,
  user: { readonly uid: number; readonly gid: number } | null,
): Promise<void> {
  await writeFile(file, text, { mode: 0o600 })
  if (user !== null) await chown(file, user.uid, user.gid)
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('SELECT 1')
    return true
  } finally {
    await client.end().catch(() => {})
  }
}
