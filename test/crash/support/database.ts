import pg from 'pg'
import type { Stack } from './stack.ts'

/** A connection of the test's own to the database of a platform, beside the platform's. */
export async function withDatabase<Result>(
  stack: Stack,
  work: (client: pg.Client) => Promise<Result>,
): Promise<Result> {
  const client = new pg.Client({ connectionString: await stack.databaseUrl() })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}
