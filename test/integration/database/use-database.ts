import { type Database, openDatabase } from '@leasehold/db'
import { openThrowawayDatabase } from '@leasehold/db/testing'
import pg from 'pg'
import { quietLog } from '../support/quiet-log.ts'

/** A migrated database of the test's own, with the stores over it and a plain client to look behind them. */
export type TestDatabase = {
  readonly url: string
  readonly stores: Database
  readonly sql: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>
  /** The address of an empty database beside it. */
  anEmptyDatabase(): Promise<string>
  close(): Promise<void>
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const { url, close } = await openThrowawayDatabase()
  return await useDatabase(url, url, close)
}

/** `adminUrl`: of a role that may create databases for the one of `url`. */
export async function useDatabase(
  url: string,
  adminUrl: string,
  close: () => Promise<void> = async () => {},
): Promise<TestDatabase> {
  const stores = await openDatabase({ url, maxConnections: 4, log: quietLog })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    url,
    stores,
    sql: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await client.query<Row>(text, values)).rows,
    async anEmptyDatabase() {
      const empty = new URL(url)
      empty.pathname = `/empty_${Math.random().toString(36).slice(2)}`
      await runAlone(adminUrl, `CREATE DATABASE ${empty.pathname.slice(1)} OWNER ${empty.username}`)
      return empty.href
    },
    async close() {
      await client.end()
      await stores.close()
      await close()
    },
  }
}

/** One statement on a connection of its own. */
export async function runAlone(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}

/** Tries until `isThere` holds; the last answer when the time is over. */
export async function eventually<Answer>(
  ask: () => Promise<Answer>,
  isThere: (answer: Answer) => boolean,
  withinMs: number,
): Promise<Answer> {
  const deadline = Date.now() + withinMs
  for (;;) {
    const answer = await ask()
    if (isThere(answer) || Date.now() > deadline) return answer
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
