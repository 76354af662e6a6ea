import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import type { Log } from '@leasehold/application'
import pg from 'pg'
import { findPostmaster, isAlive, stopPostmaster } from './embedded/postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from './embedded/start-embedded-postgres.ts'
import { migrateDatabase } from './migrate-database.ts'

export type ThrowawayDatabase = {
  /** A migrated, empty database of its own. */
  readonly url: string
  close(): Promise<void>
}

const quiet: Log = { info() {}, warn() {}, error() {} }
const prefix = 'leasehold-test-postgres-'
const template = 'leasehold_template'

type Server = { readonly postgres: EmbeddedPostgres; readonly folder: string }
let starting: Promise<Server> | undefined
let open = 0

/**
 * For tests: a database cloned from a migrated template, on a real server that this process starts with
 * the first one and ends with the last. The server does not wait for the disk, so it is for tests only.
 */
export async function openThrowawayDatabase(): Promise<ThrowawayDatabase> {
  open++
  starting ??= startServer()
  const { postgres } = await starting
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(postgres.url, `CREATE DATABASE ${name} TEMPLATE ${template}`)
  return {
    url: withDatabase(postgres.url, name),
    async close() {
      await administer(postgres.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`)
      if (--open > 0 || starting === undefined) return
      const server = await starting
      starting = undefined
      await server.postgres.stop()
      await fs.rm(server.folder, { recursive: true, force: true })
    },
  }
}

async function startServer(): Promise<Server> {
  await sweepOrphans()
  const folder = await fs.mkdtemp(path.join(os.tmpdir(), `${prefix}${process.pid}-`))
  // The server's own user passes through.
  await fs.chmod(folder, 0o711)
  const postgres = await startEmbeddedPostgres({
    folder: path.join(folder, 'server'),
    log: quiet,
    settings: { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' },
  })
  await administer(postgres.url, `CREATE DATABASE ${template}`)
  await migrateDatabase(withDatabase(postgres.url, template))
  return { postgres, folder }
}

/** Servers of test processes that were killed: their folder names the process. */
async function sweepOrphans(): Promise<void> {
  for (const name of await fs.readdir(os.tmpdir())) {
    const pid = Number(name.slice(prefix.length).split('-')[0])
    if (!name.startsWith(prefix) || !Number.isInteger(pid) || isAlive(pid)) continue
    const folder = path.join(os.tmpdir(), name)
    try {
      const postmaster = await findPostmaster(path.join(folder, 'server/data'))
      if (postmaster !== null) await stopPostmaster(postmaster.pid)
      await fs.rm(folder, { recursive: true, force: true })
    } catch {
      // Another user's, or another process sweeps it at this moment.
    }
  }
}

async function administer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: withDatabase(url, 'postgres') })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

function withDatabase(url: string, name: string): string {
  const changed = new URL(url)
  changed.pathname = `/${name}`
  return changed.href
}
