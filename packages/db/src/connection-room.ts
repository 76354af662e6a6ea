import type { Log } from '@leasehold/application'
import pg from 'pg'

/** How many connections one process may open, and to whom they belong: `{ data: 10, queue: 12 }`. */
export type ConnectionNeeds = Readonly<Record<string, number>>

type Room = { readonly most: number; readonly used: number }

/**
 * Compares what this process may open with what the server takes. Throws when it could never have them all;
 * warns when others hold so many at this moment that it would not get them now. Whether the server answers
 * is not decided here: one that is away says nothing about its limits, and this returns.
 */
export async function checkConnectionRoom(
  url: string,
  needs: ConnectionNeeds,
  log: Log,
): Promise<void> {
  const room = await readRoom(url)
  if (room === null) return
  const needed = Object.values(needs).reduce((sum, count) => sum + count, 0)
  const { most, used } = room
  const parts = Object.entries(needs).map(([name, count]) => `${name} ${count}`)
  if (needed > most)
    throw new Error(
      `The database takes ${most} connections, and this process may need ${needed} (${parts.join(', ')}). ` +
        'Raise max_connections of the server, or lower DATABASE_MAX_CONNECTIONS.',
    )
  if (needed > most - used)
    log.warn(
      { needed, ...needs, most, used },
      'the database has fewer free connections than this process may need: raise max_connections, or lower DATABASE_MAX_CONNECTIONS',
    )
}

/** Null when the server does not say. What is kept back for superusers is not counted. */
async function readRoom(url: string): Promise<Room | null> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'leasehold-start',
    connectionTimeoutMillis: 5_000,
    query_timeout: 5_000,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const { rows } = await client.query<Room>(
      `SELECT current_setting('max_connections')::int
           - current_setting('superuser_reserved_connections')::int AS most,
         (SELECT count(*)::int - 1 FROM pg_stat_activity WHERE backend_type = 'client backend') AS used`,
    )
    return rows[0] ?? null
  } catch {
    return null
  } finally {
    await client.end().catch(() => {})
  }
}
