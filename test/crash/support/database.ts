import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'

type Connection = { readonly port: number; readonly password: string }

/** A connection of the test's own to the embedded database of a platform, beside the platform's. */
export async function withDatabase<Result>(
  stateFolder: string,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const { port, password }: Connection = JSON.parse(
    await readFile(join(stateFolder, 'postgres/connection.json'), 'utf8'),
  )
  const client = new pg.Client({
    host: '127.0.0.1',
    port,
    user: 'leasehold',
    password,
    database: 'leasehold',
  })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Throws away whatever the queue holds, running jobs and all. */
export async function emptyQueue(stateFolder: string): Promise<number> {
  return withDatabase(stateFolder, async (client) => {
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

/** Process id of the embedded server. */
export async function postmasterPid(stateFolder: string): Promise<number> {
  return pidIn(await pidFileOf(stateFolder))
}

/** Kills the server as soon as it is there again. Returns how to leave it alone. */
export async function keepKilling(stateFolder: string): Promise<() => Promise<void>> {
  const file = await pidFileOf(stateFolder)
  const ending = new AbortController()
  const killing = (async () => {
    while (!ending.signal.aborted) {
      const pid = await pidIn(file).catch(() => 0)
      if (pid > 1) killQuietly(pid)
      await pause(200, undefined, { signal: ending.signal }).catch(() => {})
    }
  })()
  return async () => {
    ending.abort()
    await killing
  }
}

async function pidFileOf(stateFolder: string): Promise<string> {
  return withDatabase(stateFolder, async (client) => {
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
