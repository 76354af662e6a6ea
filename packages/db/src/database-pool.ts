import type { Log } from '@leasehold/application'
import pg from 'pg'

/** Runs one statement. `name` makes it a prepared statement: parsed once per connection. */
export type Query = <Row extends object>(
  name: string,
  text: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>

export type PoolOptions = {
  readonly url: string
  readonly maxConnections: number
  readonly log: Log
}

/**
 * The one pool that everything shares. Nothing waits without an end: the server ends a statement after
 * 10 s and a wait for a lock after 5 s, we give up on an answer after 15 s (a network that swallows
 * packets) and on a free connection after 5 s. Broken connections are thrown away, so the pool is
 * whole again as soon as the database is.
 */
export function openPool({ url, maxConnections, log }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: 'leasehold',
    connectionTimeoutMillis: 5_000,
    // A server process costs memory, a new connection a few milliseconds.
    idleTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    statement_timeout: 10_000,
    lock_timeout: 5_000,
    idle_in_transaction_session_timeout: 15_000,
    query_timeout: 15_000,
  })
  // An idle connection that breaks is reported here, and would end the process if nobody listened.
  pool.on('error', (error) => log.warn({ reason: error.message }, 'a database connection broke'))
  return pool
}

export function makeQuery(pool: pg.Pool): Query {
  return async <Row extends object>(name: string, text: string, values: readonly unknown[]) => {
    const result = await pool.query<Row>({ name, text, values: [...values] })
    return result.rows
  }
}
