import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { findRedisPrerequisites } from '../../../test/services/redis/redis-process.ts'
import { type StartedRedis, startRedis } from '../../../test/services/redis/start-redis.ts'
import {
  type StartedCluster,
  startRedisCluster,
} from '../../../test/services/redis/start-redis-cluster.ts'
import {
  type StartedSentinels,
  startRedisSentinel,
} from '../../../test/services/redis/start-redis-sentinel.ts'
import { queueContract } from '../../testing/src/contracts/queue-contract.ts'
import { type JobQueue, openQueue } from './index.ts'
import { killedWorkerStory } from './throwaway/killed-worker-story.ts'
import { lostContentsStory } from './throwaway/lost-contents-story.ts'
import { outageStory } from './throwaway/outage-story.ts'
import { silentHandlers } from './throwaway/silent-handlers.ts'

const missing = findRedisPrerequisites()
const log = { info: () => {}, warn: () => {}, error: () => {} }
const common = { kind: 'redis', log, now: Date.now } as const

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'leasehold-redis-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

function describeOnRedis(what: string, body: () => void): void {
  const reason = missing === null ? '' : ` (skipped: ${missing})`
  describe.skipIf(missing !== null)(`with ${what}${reason}`, body)
}

/** Each test begins with an empty queue. */
function emptied(open: () => Promise<JobQueue>): void {
  beforeEach(async () => {
    const queue = await open()
    await queue.empty()
    await queue.close()
  })
}

describeOnRedis('a real Redis', () => {
  let redis: StartedRedis
  let administrator: Redis
  const open = () => openQueue({ ...common, url: redis.url })
  beforeAll(async () => {
    redis = await startRedis({ folder: join(folder, 'single') })
    administrator = new Redis(redis.url)
    administrator.on('error', () => {})
  })
  afterAll(async () => {
    administrator.disconnect()
    await redis.stop()
  })
  emptied(open)

  queueContract('BullMQ on Redis', { open })
  killedWorkerStory({ kind: 'redis', url: () => redis.url, open })
  outageStory({ open, stop: () => redis.stop(), start: () => redis.start() })
  lostContentsStory({
    open,
    command: async (name, ...words) => void (await administrator.call(name ?? '', ...words)),
  })
})

describeOnRedis('a Redis that wants TLS and a user with few rights', () => {
  let redis: StartedRedis
  const open = () => openQueue({ ...common, url: redis.url, caFile: redis.caFile })
  beforeAll(async () => {
    redis = await startRedis({ folder: join(folder, 'secured'), tls: true, accessList: true })
  })
  afterAll(() => redis.stop())
  emptied(open)

  queueContract('BullMQ on Redis with TLS', { open })

  it('is not used when nobody vouches for its certificate, nor lets in who has another password', async () => {
    const guess = redis.url.replace(/:[^:@/]+@/, ':guess@')
    const attempts = [
      { ...common, url: redis.url },
      { ...common, url: guess, caFile: redis.caFile },
    ]

    const outcomes = await Promise.allSettled(attempts.map(openQueue))

    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  })

  it('says which file is missing', async () => {
    const caFile = join(folder, 'none.pem')

    await expect(openQueue({ ...common, url: redis.url, caFile })).rejects.toThrow(
      `REDIS_CA_FILE cannot be read (ENOENT): ${caFile}`,
    )
  })
})

describeOnRedis('Redis Sentinel', () => {
  let sentinels: StartedSentinels
  const open = () => {
    const { url, sentinelPassword } = sentinels
    return openQueue({ ...common, url, sentinelPassword })
  }
  beforeAll(async () => {
    sentinels = await startRedisSentinel({ folder: join(folder, 'sentinel') })
  })
  afterAll(() => sentinels.stop())
  emptied(open)

  queueContract('BullMQ on Redis Sentinel', { open })

  it('goes on with the replica when the primary is gone', async () => {
    const queue = await open()
    const seen: string[] = []
    try {
      await queue.startWorkers(
        { ...silentHandlers, 'reconcile-lease': async ({ leaseId }) => void seen.push(leaseId) },
        { concurrency: 2 },
      )
      await queue.hints.lookAtLease('lea_before' as never)
      await expect.poll(() => seen).toEqual(['lea_before'])

      await sentinels.servers[0].stop()

      await expect
        .poll(
          async () => {
            await queue.hints.lookAtLease('lea_after' as never)
            return seen
          },
          { timeout: 40_000, interval: 250 },
        )
        .toContain('lea_after')
    } finally {
      await queue.close()
    }
  })
})

describeOnRedis('a Redis Cluster', () => {
  let cluster: StartedCluster
  const open = () => openQueue({ ...common, url: cluster.url })
  beforeAll(async () => {
    cluster = await startRedisCluster({ folder: join(folder, 'cluster') })
  })
  afterAll(() => cluster.stop())
  emptied(open)

  queueContract('BullMQ on Redis Cluster', { open })
  lostContentsStory({ open, command: (...words) => cluster.onEach(...words) })
})
