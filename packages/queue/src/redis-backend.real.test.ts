import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import { queueContract } from '../../testing/src/contracts/queue-contract.ts'
import { openQueue } from './index.ts'
import { killedWorkerStory } from './throwaway/killed-worker-story.ts'
import { outageStory } from './throwaway/outage-story.ts'
import {
  findRedisServer,
  startThrowawayRedis,
  type ThrowawayRedis,
} from './throwaway/throwaway-redis.ts'

const binary = findRedisServer(process.env.PATH ?? '')
const log = { info: () => {}, warn: () => {}, error: () => {} }

describe.skipIf(binary === null)(
  `with a real Redis${binary === null ? ' (skipped: redis-server is not installed)' : ''}`,
  () => {
    let redis: ThrowawayRedis
    const open = () => openQueue({ kind: 'redis', url: redis.url, log, now: Date.now })
    beforeAll(async () => {
      redis = await startThrowawayRedis(binary ?? '')
    })
    afterAll(() => redis.remove())
    beforeEach(async () => {
      const queue = await open()
      await queue.empty()
      await queue.close()
    })

    queueContract('BullMQ on Redis', { open })
    killedWorkerStory({ kind: 'redis', url: () => redis.url, open })
    outageStory({ open, stop: () => redis.stop(), start: () => redis.start() })
  },
)
