import type { JobHints, Log } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { type JobName, jobNames } from './job-catalogue.ts'
import { type Hint, makeJobHints } from './job-hints.ts'
import { openPostgresBackend } from './postgres-backend.ts'
import type { JobQueue as AddingQueue, QueueBackend } from './queue-backend.ts'
import { makeQuietLog } from './quiet-log.ts'
import type { RedisPlace } from './redis/connect-redis.ts'
import { openRedisBackend } from './redis-backend.ts'
import { withTimeLimit } from './time-limit.ts'
import {
  type JobHandlers,
  type RunningWorkers,
  type StartWorkersOptions,
  startWorkers,
} from './worker-host.ts'

export type OpenQueueOptions = QueuePlace & {
  readonly log: Log
  readonly now: () => number
}

/** The server that keeps the queue: `postgres://…`, or one of the forms of `REDIS_URL`. */
export type QueuePlace =
  | { readonly kind: 'postgres'; readonly url: string }
  | ({ readonly kind: 'redis' } & RedisPlace)

/** A queue of hints: losing all of it loses nothing but time. */
export type JobQueue = {
  readonly hints: JobHints
  /** Resolves when every worker listens. */
  startWorkers(handlers: JobHandlers, options: StartWorkersOptions): Promise<RunningWorkers>
  /** Jobs that wait for a worker, by name. */
  depth(): Promise<Readonly<Record<JobName, number>>>
  /** Throws `service/unavailable` when the queue's server does not answer. */
  check(signal: AbortSignal): Promise<void>
  /** Removes all jobs. Everything still converges: the sweep brings back what is due. */
  empty(): Promise<void>
  /** Sends what is buffered, ends workers that still run, closes the connections. At most 15 seconds. */
  close(): Promise<void>
}

const drainMs = 2_000
const checkMs = 3_000

/** Opens the queue; PostgreSQL needs `migrateQueue` first. Rejects when the server does not answer now. */
export async function openQueue({ log, now, ...place }: OpenQueueOptions): Promise<JobQueue> {
  const quietLog = makeQuietLog(log, now)
  const backend =
    place.kind === 'postgres'
      ? openPostgresBackend(place.url, quietLog)
      : openRedisBackend(place, quietLog)
  let queues: Queues
  try {
    queues = await withTimeLimit(openBackend(backend), 10_000, 'The queue does not answer.')
  } catch (error) {
    await backend.close().catch(() => {})
    throw error
  }
  const hints = makeJobHints((name, batch) => add(queues[name], name, batch), quietLog)
  const running = new Set<RunningWorkers>()
  return {
    hints,
    async startWorkers(handlers, options) {
      const workers = await startWorkers(backend, handlers, options, log, quietLog)
      running.add(workers)
      return {
        close: async () => {
          running.delete(workers)
          await workers.close()
        },
      }
    },
    depth: () => depthOf(queues),
    check: (signal) => checkBackend(backend, signal),
    empty: () => backend.empty(),
    async close() {
      await hints.drain(drainMs)
      await Promise.all([...running].map((workers) => workers.close()))
      await withTimeLimit(backend.close(), 3_000, 'The queue did not close.').catch((error) =>
        quietLog.trouble('queue left open', error),
      )
    },
  }
}

type Queues = Readonly<Record<JobName, AddingQueue>>

async function openBackend(backend: QueueBackend): Promise<Queues> {
  await untilAnswered(backend)
  return backend.openQueues()
}

/** What ioredis says of a connection, and of a cluster, that does not stand yet. */
const notYet = /isn't (writeable|ready)/

/** Redis refuses commands until its connection stands; anything else is a real answer. */
async function untilAnswered(backend: QueueBackend): Promise<void> {
  const deadline = performance.now() + 8_000
  for (;;) {
    try {
      return await backend.ping()
    } catch (error) {
      const isNotYet = error instanceof Error && notYet.test(error.message)
      if (!isNotYet || performance.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }
}

async function add(queue: AddingQueue, name: JobName, hints: readonly Hint[]): Promise<void> {
  await queue.addBulk(
    hints.map(({ rowId, payload }) => ({
      name,
      data: payload,
      // One waiting job per row; a hint during the job runs it once more when it has finished.
      opts: { deduplication: { id: rowId, keepLastIfActive: true } },
    })),
  )
}

async function depthOf(queues: Queues): Promise<Record<JobName, number>> {
  const counts = jobNames.map(async (name) => {
    const { waiting = 0, prioritized = 0 } = await queues[name].getJobCounts(
      'waiting',
      'prioritized',
    )
    return [name, waiting + prioritized] as const
  })
  return Object.fromEntries(await Promise.all(counts)) as Record<JobName, number>
}

async function checkBackend(backend: QueueBackend, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  try {
    await withTimeLimit(backend.ping(), checkMs, 'no answer')
  } catch (cause) {
    throw Object.assign(new DomainError('service/unavailable', 'The queue does not answer.'), {
      cause,
    })
  }
}
