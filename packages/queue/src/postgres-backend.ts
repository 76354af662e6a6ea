import {
  createPostgresBackend,
  type PostgresConnectionOptions,
  type Processor,
  runMigrations,
  withBackend,
} from 'bullmq'
import pg from 'pg'
import { type JobName, jobNames } from './job-catalogue.ts'
import {
  type JobQueue,
  keepNothing,
  keptEvents,
  openQueues,
  type QueueBackend,
  stalling,
} from './queue-backend.ts'
import type { QuietLog } from './quiet-log.ts'

const schema = 'bullmq'
const { Queue, Worker } = withBackend(createPostgresBackend)

/**
 * How long an idle worker listens before it looks by itself. New jobs are announced (LISTEN), so
 * this only bounds what a lost announcement costs.
 */
const drainDelaySeconds = 30

/**
 * A server process costs 20 MB, and some hundred jobs a second need one: connections are few and closed
 * when idle. Each worker keeps one for LISTEN for ever, so the workers' pool is larger than their number,
 * or it would wait for itself. It is theirs alone: what listens has done nothing before, and stays small.
 */
const connections = { adding: 3, working: jobNames.length + 1 } as const

/** What the queue of one process may open at most. */
export const queueConnections = connections.adding + connections.working

const idleMs = 8_000

/** The queue on PostgreSQL, in the schema `bullmq`. `migrateQueue` must have run before. */
export function openPostgresBackend(url: string, log: QuietLog): QueueBackend {
  const pool = openPool(url, connections.adding, log)
  const workersPool = openPool(url, connections.working, log)
  const opened: JobQueue[] = []
  const onError = (error: Error) => log.trouble('queue trouble', error)
  return {
    openQueues: () =>
      openQueues((name) => {
        const queue = new Queue(name, {
          connection: forBullMq(pool),
          defaultJobOptions: keepNothing,
          streams: { events: { maxLen: keptEvents } },
        })
        queue.on('error', onError)
        opened.push(queue)
        return queue
      }),
    worker(name: JobName, process: Processor, concurrency: number) {
      const worker = new Worker(name, process, {
        connection: forBullMq(workersPool),
        concurrency,
        drainDelay: drainDelaySeconds,
        runRetryDelay: 1_000,
        ...stalling,
      })
      worker.on('error', onError)
      return worker
    },
    ping: async () => void (await pool.query('SELECT 1 FROM job LIMIT 1')),
    empty: async () => void (await pool.query(`TRUNCATE ${await tablesOf(pool)}`)),
    async close() {
      await Promise.all(opened.map((queue) => queue.close()))
      await Promise.all([pool.end(), workersPool.end()])
    },
  }
}

/** pg's types and BullMQ's copy of them differ in how they overload `query`. */
function forBullMq(pool: pg.Pool): PostgresConnectionOptions {
  return pool as unknown as PostgresConnectionOptions
}

/** Creates or updates the queue's tables. Safe to run from several processes at once. */
export async function migrateQueue(url: string): Promise<void> {
  const client = new pg.Client({
    connectionString: withoutOptions(url),
    connectionTimeoutMillis: 10_000,
  })
  // Whoever waits for a statement is told by its failure.
  client.on('error', () => {})
  await client.connect()
  try {
    await runMigrations(client, schema)
  } finally {
    await client.end()
  }
}

function openPool(url: string, max: number, log: QuietLog): pg.Pool {
  const pool = new pg.Pool({
    connectionString: withoutOptions(url),
    // Not in the words that open a connection: poolers refuse them.
    onConnect: async (client) => void (await client.query(`SET search_path = ${schema}`)),
    application_name: 'leasehold-queue',
    max,
    // Without it a silently dropped LISTEN connection would go unnoticed.
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    idleTimeoutMillis: idleMs,
    connectionTimeoutMillis: 5_000,
    query_timeout: 10_000,
  })
  // Every queue and worker listens for errors of the shared pool.
  pool.setMaxListeners(jobNames.length * 4)
  const onError = (error: Error) => log.trouble('queue connection lost', error)
  pool.on('error', onError)
  // The pool listens while a connection is idle, BullMQ as soon as it gets to run. What a dying server says in
  // between, in the same packet as its welcome, would end the process if nobody listened.
  pool.on('connect', (client) => client.on('error', onError))
  return pool
}

/** What `?options=` in the address sets is not for the queue, whose search path is its own. */
function withoutOptions(url: string): string {
  const parsed = new URL(url)
  parsed.searchParams.delete('options')
  return parsed.toString()
}

async function tablesOf(pool: pg.Pool): Promise<string> {
  // The ledger of migrations describes the tables, not the jobs in them.
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
      WHERE schemaname = $1 AND tablename NOT LIKE '%migration%'`,
    [schema],
  )
  return rows.map((row) => row.name).join(', ')
}
