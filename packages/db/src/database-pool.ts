import type { Log } from '@leasehold/application'
import pg from 'pg'
import { prepareTenantEntry, TenantStatement } from './tenant-statement.ts'

/** Runs one statement. `name` makes it a prepared statement: parsed once per connection. */
export type Query = <Row extends object>(
  name: string,
  text: string,
  values: readonly unknown[],
) => Promise<readonly Row[]>

/** The same, but the database itself shows it the rows of one tenant only, whatever it asks for. */
export type TenantQuery = <Row extends object>(
  tenantId: string,
  ...statement: Parameters<Query>
) => Promise<readonly Row[]>

export type PoolOptions = {
  readonly url: string
  readonly maxConnections: number
  readonly log: Log
}

/** Not in the words that open a connection: poolers refuse them, or leave them out unsaid. */
const sessionSettings = `SET ROLE leasehold_platform; SET statement_timeout = '10s';
  SET lock_timeout = '5s'; SET idle_in_transaction_session_timeout = '15s'`

/**
 * The one pool that everything shares. Nothing waits without an end: the server ends a statement after
 * 10 s and a wait for a lock after 5 s, we give up on an answer after 15 s (a network that swallows
 * packets) and on a free connection after 5 s. Broken connections are thrown away, so the pool is
 * whole again as soon as the database is. Every connection acts as `leasehold_platform`, which owns nothing.
 */
export function openPool({ url, maxConnections, log }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: maxConnections,
    application_name: 'leasehold',
    onConnect: async (client) => {
      await client.query(sessionSettings)
      await prepareTenantEntry(client)
    },
    connectionTimeoutMillis: 5_000,
    // A server process costs memory, a new connection a few milliseconds.
    idleTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
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

export function makeTenantQuery(pool: pg.Pool): TenantQuery {
  return async <Row extends object>(
    tenantId: string,
    ...[name, text, values]: Parameters<Query>
  ) => {
    // pg-pool sends any statement and gives its result; its types know only those that are streams.
    const statement = new TenantStatement(tenantId, name, text, values)
    const result = await (pool.query(statement) as unknown as Promise<pg.QueryResult<Row>>)
    return result.rows
  }
}
