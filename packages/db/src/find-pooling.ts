import pg from 'pg'

/** How a connection is shared: `none` is a server's own, `session` a pooler's as long as it is open, `transaction` one that changes under us. */
export type Pooling = 'none' | 'session' | 'transaction'

const rounds = 3
const answerMs = 5_000

/**
 * Finds a pooler between us and the server of `client`, which is connected to `url`, has done nothing yet and
 * is in no transaction. Changes nothing; with `transaction`, `client` may be of no use any more.
 */
export async function findPooling(client: pg.Client, url: string): Promise<Pooling> {
  const ours = await processOf(client)
  // A pooler gives numbers of its own, by which it finds what is to be cancelled.
  if ((client as unknown as { processID: number }).processID === ours) return 'none'
  const other = new pg.Client({
    connectionString: url,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
  })
  other.on('error', () => {})
  try {
    await other.connect()
    for (let round = 0; round < rounds; round++)
      if (await isTakenAway(client, other, ours)) return 'transaction'
    return 'session'
  } finally {
    await other.end().catch(() => {})
  }
}

/** In a transaction `other` has a server process to itself: whether it is the one that was ours. */
async function isTakenAway(client: pg.Client, other: pg.Client, ours: number): Promise<boolean> {
  try {
    await other.query('BEGIN')
  } catch (error) {
    // Not even a transaction stays with one process: pool_mode = statement.
    if (/statement pooling/.test(String(error))) return true
    // A pool with room for one session lets nobody else in, so nobody takes anything away.
    if (/timeout/i.test(String(error))) return false
    throw error
  }
  try {
    return (await processOf(client)) !== ours
  } catch (error) {
    if (/timeout/i.test(String(error))) return true
    throw error
  } finally {
    await other.query('ROLLBACK').catch(() => {})
  }
}

async function processOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ pid: number }>({
    text: 'SELECT pg_backend_pid() AS pid',
    // Known to pg, and not to its types.
    ...{ query_timeout: answerMs },
  })
  return rows[0]?.pid ?? 0
}

/** Throws, with what to do, where a pooler would hand our sessions to others between two statements. */
export async function refuseTransactionPooling(client: pg.Client, url: string): Promise<void> {
  if ((await findPooling(client, url)) !== 'transaction') return
  throw new Error(
    'A pooler stands before the database and gives a connection for one transaction only: locks of migrations, prepared ' +
      'statements and the role of each connection need one that stays. Set pool_mode = session for this database in it, ' +
      'or point DATABASE_URL at the server itself.',
  )
}
