import { randomBytes } from 'node:crypto'
import { appendFile, chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { freePort, runCommand, step } from '@leasehold/dev-cluster'
import pg from 'pg'
import { findServerUser } from '../../../packages/db/src/embedded/server-user.ts'
import { type RunningProgram, runProgram } from '../run-program.ts'
import { exists, type ServiceOptions } from '../service.ts'
import { asServerUser, type Words } from './as-server-user.ts'
import { killServer } from './end-server.ts'
import { debianPostgres, type PostgresRelease } from './postgres-releases.ts'

/** A PostgreSQL on loopback as an operator gives it to Leasehold. Its data survives `start` after `stop` or `kill`. */
export type StartedPostgres = {
  /** For `DATABASE_URL`: a login role without special rights that owns the empty database `leasehold`. */
  readonly url: string
  /** A superuser's, to the database `postgres`: for databases of the test's own. */
  readonly adminUrl: string
  readonly port: number
  readonly logFile: string
  /** Number of the postmaster. */
  pid(): number
  stop(): Promise<void>
  /** As a power cut would, all of its processes. */
  kill(): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

const initLimitMs = 60_000
const readyWithinMs = 60_000

/** No test cuts the power of the computer, so nothing has to reach its disk. */
const settings = (port: number) =>
  [
    "listen_addresses = '127.0.0.1'",
    `port = ${port}`,
    "unix_socket_directories = ''",
    'fsync = off',
  ]
    .join('\n')
    .concat('\n')

export type PostgresOptions = ServiceOptions & {
  /** Debian's, unless another is wanted. */
  readonly release?: PostgresRelease
}

/** Starts PostgreSQL with a data folder of its own on a free port of 127.0.0.1, never as root. */
export async function startPostgres(options: PostgresOptions): Promise<StartedPostgres> {
  const { release = debianPostgres } = options
  const name = `PostgreSQL ${release.version}`
  const folder = path.resolve(options.folder)
  const dataFolder = path.join(folder, 'data')
  const logFile = path.join(folder, 'postgres.log')
  const port = await freePort()
  const passwords = { postgres: newPassword(), leasehold: newPassword() }
  const address = (user: 'postgres' | 'leasehold') =>
    `postgres://${user}:${passwords[user]}@127.0.0.1:${port}/${user}`
  const asServer = await asServerUser()
  const programs = await release.provide(options)
  let running: RunningProgram | null = null
  const start = async () => {
    running = await runProgram({
      name,
      words: asServer(path.join(programs, 'postgres'), '-D', dataFolder),
      logFile,
      isReady: () => answers(address('postgres')),
      readyWithinMs,
      stopSignal: 'SIGINT',
      signal: options.signal,
    })
  }
  await step(options.log, `start ${name}`, async () => {
    const initdb = asServer(path.join(programs, 'initdb'))
    await makeDataFolder(folder, dataFolder, initdb, passwords.postgres, options.signal)
    await appendFile(path.join(dataFolder, 'postgresql.conf'), settings(port))
    await start()
    await makeDatabase(address('postgres'), passwords.leasehold)
  })
  return {
    url: address('leasehold'),
    adminUrl: address('postgres'),
    port,
    logFile,
    pid: () => running?.pid ?? 0,
    stop: async () => running?.stop(),
    kill: async () => {
      if (running === null) return
      await killServer(running.pid)
      await running.kill()
    },
    start,
  }
}

async function makeDataFolder(
  folder: string,
  dataFolder: string,
  initdb: Words,
  password: string,
  signal: AbortSignal,
): Promise<void> {
  if (await exists(path.join(dataFolder, 'PG_VERSION')))
    throw new Error(`${dataFolder} is in use by another start; give a new folder.`)
  await mkdir(dataFolder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o711)
  const passwordFile = path.join(folder, 'password')
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 })
  const limits = { signal, timeoutMs: initLimitMs, cwd: '/' }
  const user = await findServerUser()
  if (user !== null)
    for (const place of [dataFolder, passwordFile]) await chown(place, user.uid, user.gid)
  const [program, ...words] = [
    ...initdb,
    ...[`--pgdata=${dataFolder}`, '--username=postgres', `--pwfile=${passwordFile}`],
    ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8', '--no-sync'],
  ] as const
  try {
    await runCommand(program, words, limits)
  } finally {
    await rm(passwordFile, { force: true })
  }
}

/** What an operator does by hand: a role, a database that is its own, and the roles of its migrations. */
async function makeDatabase(adminUrl: string, password: string): Promise<void> {
  await withClient(adminUrl, async (client) => {
    await client.query(`CREATE ROLE leasehold LOGIN PASSWORD '${password}'`)
    await client.query('CREATE DATABASE leasehold OWNER leasehold')
    for (const role of ['leasehold_platform', 'leasehold_tenant']) {
      await client.query(`CREATE ROLE ${role} NOLOGIN`)
      await client.query(`GRANT ${role} TO leasehold`)
    }
  })
}

async function answers(url: string): Promise<boolean> {
  await withClient(url, (client) => client.query('SELECT 1'))
  return true
}

async function withClient(url: string, work: (client: pg.Client) => Promise<unknown>) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 })
  // A server that ends under us is what `connect` and `query` say.
  client.on('error', () => {})
  try {
    await client.connect()
    await work(client)
  } finally {
    await client.end()
  }
}

/** Letters and digits: safe in addresses and in SQL. */
function newPassword(): string {
  return randomBytes(18).toString('hex')
}
