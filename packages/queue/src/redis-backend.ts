import { type Processor, Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import type { JobName } from './job-catalogue.ts'
import {
  type JobQueue,
  keepNothing,
  keptEvents,
  openQueues,
  type QueueBackend,
  stalling,
} from './queue-backend.ts'
import type { QuietLog } from './quiet-log.ts'

const prefix = 'leasehold'

/** Redis caps a blocking read at ten seconds; a shorter one notices a dropped connection sooner. */
const drainDelaySeconds = 5

/**
 * The queue on Redis (run it with `--maxmemory-policy noeviction`). User, password, database and TLS
 * come from the address. Two connections: the one for adding fails at once while Redis is away, the
 * one of the workers waits for it to come back.
 */
export function openRedisBackend(url: string, log: QuietLog): QueueBackend {
  const onError = (error: Error) => log.trouble('queue trouble', error)
  const adding = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    commandTimeout: 5_000,
    connectTimeout: 5_000,
    keepAlive: 10_000,
  })
  const working = new Redis(url, {
    lazyConnect: true,
    maxRetriesPerRequest: null,
    connectTimeout: 5_000,
    keepAlive: 10_000,
  })
  for (const connection of [adding, working]) connection.on('error', onError)
  const opened: JobQueue[] = []
  return {
    openQueues: () =>
      openQueues((name) => {
        const queue = new Queue(name, {
          connection: adding,
          prefix,
          defaultJobOptions: keepNothing,
          streams: { events: { maxLen: keptEvents } },
        })
        queue.on('error', onError)
        opened.push(queue)
        return queue
      }),
    worker(name: JobName, process: Processor, concurrency: number) {
      const worker = new Worker(name, process, {
        connection: working,
        prefix,
        concurrency,
        drainDelay: drainDelaySeconds,
        runRetryDelay: 1_000,
        ...stalling,
      })
      worker.on('error', onError)
      return worker
    },
    ping: async () => void (await adding.ping()),
    empty: () => removeKeys(adding),
    async close() {
      await Promise.all(opened.map((queue) => queue.close()))
      adding.disconnect()
      working.disconnect()
    },
  }
}

async function removeKeys(redis: Redis): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 500 }))
    if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]))
}
