import { type Database, openDatabase } from '@leasehold/db'
import { openThrowawayDatabase } from '@leasehold/db/testing'
import pg from 'pg'
import { quietLog } from '../support/quiet-log.ts'

/** A database of the test's own, with the stores over it and a plain client to look behind them. */
export async function openTestDatabase(): Promise<{
  readonly url: string
  readonly stores: Database
  readonly sql: <Row extends object>(text: string, values?: unknown[]) => Promise<Row[]>
  close(): Promise<void>
}> {
  const { url, close } = await openThrowawayDatabase()
  const stores = await openDatabase({ url, maxConnections: 4, log: quietLog })
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  return {
    url,
    stores,
    sql: async <Row extends object>(text: string, values: unknown[] = []) =>
      (await client.query<Row>(text, values)).rows,
    async close() {
      await client.end()
      await stores.close()
      await close()
    },
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
