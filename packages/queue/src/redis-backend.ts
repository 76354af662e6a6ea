import { type Processor, Queue, Worker } from 'bullmq'
import { Cluster, type Redis } from 'ioredis'
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
import { connectRedis, type RedisConnection, type RedisPlace } from './redis/connect-redis.ts'

/** The braces keep all keys in one slot of a cluster: BullMQ's scripts touch several at once. */
const prefix = '{leasehold}'

/** Redis caps a blocking read at ten seconds; a shorter one notices a dropped connection sooner. */
const drainDelaySeconds = 5

/**
 * The queue on Redis (run it with `--maxmemory-policy noeviction`). Two connections: the one for adding
 * fails at once while Redis is away, the one of the workers waits for it to come back.
 */
export function openRedisBackend(place: RedisPlace, log: QuietLog): QueueBackend {
  const onError = (error: Error) => log.trouble('queue trouble', error)
  const adding = connectRedis(place, 'asking')
  const working = connectRedis(place, 'waiting')
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
    // A write: a server that is full still answers PING.
    ping: async () => void (await adding.set(`${prefix}:check`, '', 'EX', 60)),
    empty: () => removeKeys(adding),
    async close() {
      await Promise.all(opened.map((queue) => queue.close()))
      adding.disconnect()
      working.disconnect()
    },
  }
}

async function removeKeys(connection: RedisConnection): Promise<void> {
  const servers = connection instanceof Cluster ? connection.nodes('master') : [connection]
  for (const server of servers) await removeKeysOf(server)
}

async function removeKeysOf(redis: Redis): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 500 }))
    if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]))
}
