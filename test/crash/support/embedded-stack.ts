import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { withDatabase } from './database.ts'
import type { Stack } from './stack.ts'

type Connection = { readonly port: number; readonly password: string }

/** PostgreSQL, queue and SeaweedFS as the platform itself starts them in its state folder. */
export function openEmbeddedStack(stateFolder: string): Stack {
  const connection = async (): Promise<Connection> =>
    JSON.parse(await readFile(join(stateFolder, 'postgres/connection.json'), 'utf8'))
  const stack: Stack = {
    settings: {},
    lostWithDatabase: ['database', 'queue'],
    databaseUrl: async () => {
      const { port, password } = await connection()
      return `postgres://leasehold:${encodeURIComponent(password)}@127.0.0.1:${port}/leasehold`
    },
    databasePid: async () => pidIn(await pidFileOf(stack)),
    reviveDatabase: async () => {},
    keepKillingDatabase: async () => keepKilling(await pidFileOf(stack)),
    emptyQueue: () => emptyTables(stack),
    takeQueue: async () => notApart('Redis'),
    takeIdentity: async () => notApart('Keycloak'),
    storePid: async () =>
      JSON.parse(await readFile(join(stateFolder, 'objects/process.json'), 'utf8')).pid,
    secrets: async () => [['the database password', (await connection()).password]],
    onboard: async () => {},
    stop: async () => {},
  }
  return stack
}

function notApart(part: string): never {
  throw new Error(`There is no ${part} on one computer.`)
}

async function emptyTables(stack: Stack): Promise<number> {
  return withDatabase(stack, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
       WHERE schemaname = 'bullmq' AND tablename NOT LIKE '%migration%'`,
    )
    let removed = 0
    for (const { name } of rows) {
      const deleted = await client.query(`DELETE FROM ${name}`)
      removed += deleted.rowCount ?? 0
    }
    return removed
  })
}

/** The platform starts it again each time. */
function keepKilling(pidFile: string): () => Promise<void> {
  const ending = new AbortController()
  const killing = (async () => {
    while (!ending.signal.aborted) {
      const pid = await pidIn(pidFile).catch(() => 0)
      if (pid > 1) killQuietly(pid)
      await pause(200, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  return async () => {
    ending.abort()
    await killing
  }
}

async function pidFileOf(stack: Stack): Promise<string> {
  return withDatabase(stack, async (client) => {
    const { rows } = await client.query<{ folder: string }>('SHOW data_directory')
    return join(Object.values(rows[0] ?? {})[0] ?? '', 'postmaster.pid')
  })
}

async function pidIn(file: string): Promise<number> {
  return Number((await readFile(file, 'utf8')).split('\n')[0])
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It was dead already.
  }
}
