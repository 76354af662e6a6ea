import { execFile } from 'node:child_process'
import fs from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { promisify } from 'node:util'
import pg from 'pg'
import { isAlive } from '../postmaster.ts'
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../start-embedded-postgres.ts'

const run = promisify(execFile)

/** Lines of the log, for tests to read. */
export function aLog() {
  const lines: string[] = []
  const add = (fields: object, message: string) => {
    lines.push(`${message} ${JSON.stringify(fields)}`)
  }
  return { lines, info: add, warn: add, error: add }
}

/** Servers and folders of one test; `clean` ends and removes them. */
export function embeddedServers() {
  const folders: string[] = []
  const running: EmbeddedPostgres[] = []
  return {
    folders,
    running,
    async aFolder(): Promise<string> {
      const folder = await fs.mkdtemp(path.join(os.tmpdir(), 'leasehold-embedded-'))
      folders.push(folder)
      return path.join(folder, 'postgres')
    },
    async start(folder: string, log = aLog()): Promise<EmbeddedPostgres> {
      const server = await startEmbeddedPostgres({ folder, log, settings: { fsync: 'off' } })
      running.push(server)
      return server
    },
    async clean(): Promise<void> {
      for (const server of running.splice(0)) await server.stop()
      for (const folder of folders.splice(0)) await fs.rm(folder, { recursive: true, force: true })
    },
  }
}

/** Starts the server from a process that ends without a word. */
export async function startAndLeave(folder: string): Promise<void> {
  const program = `
    const { startEmbeddedPostgres } = await import(${JSON.stringify(import.meta.resolve('../start-embedded-postgres.ts'))})
    const log = { info() {}, warn() {}, error() {} }
    await startEmbeddedPostgres({ folder: ${JSON.stringify(folder)}, log, settings: { fsync: 'off' } })
    process.exit(0)`
  await run(process.execPath, ['--input-type=module', '--eval', program], { timeout: 60_000 })
}

export async function ask(url: string, statement: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 })
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

export async function gone(pid: number): Promise<void> {
  const deadline = Date.now() + 10_000
  while (isAlive(pid) && Date.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
