import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { findRedisPrerequisites } from '../../../../test/services/redis/redis-process.ts'
import { type StartedRedis, startRedis } from '../../../../test/services/redis/start-redis.ts'
import { type OpenSharedBuckets, openSharedBuckets } from './open-shared-buckets.ts'

const missing = findRedisPrerequisites()
const log = { info: () => {}, warn: () => {}, error: () => {} }
/** So slow that nothing is refilled while a test runs. */
const limit = { perSecond: 0.001, burst: 10 }

describe.skipIf(missing !== null)(
  `shared buckets in Redis${missing === null ? '' : ` (skipped: ${missing})`}`,
  () => {
    let folder: string
    let redis: StartedRedis
    const opened: OpenSharedBuckets[] = []
    const open = () => {
      const buckets = openSharedBuckets({ url: redis.url, caFile: redis.caFile }, log, Date.now)
      opened.push(buckets)
      return buckets
    }
    const take = (key: string, taken: number) => ({ key, taken, ...limit })
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'buckets-'))
      redis = await startRedis({ folder, accessList: true, tls: true })
    })
    afterEach(() => {
      for (const buckets of opened.splice(0)) buckets.close()
    })
    afterAll(async () => {
      await redis.stop()
      await rm(folder, { recursive: true, force: true })
    })

    it('count together what replicas took apart, several at once', async () => {
      const [one, other] = [open(), open()]

      expect(await one.settle([take('a', 3), take('b', 1)])).toEqual([7, 9])
      const [left] = await other.settle([take('a', 4)])
      expect(left).toBeCloseTo(3, 2)
    })

    it('go below nothing when more was taken than there was, at most by one burst', async () => {
      const buckets = open()

      expect(await buckets.settle([take('deep', 15)])).toEqual([-5])
      const [left] = await buckets.settle([take('deep', 100)])
      expect(left).toBeCloseTo(-10, 2)
    })

    it('refill with time', async () => {
      const buckets = open()
      const quick = { key: 'quick', perSecond: 1_000, burst: 10 }
      await buckets.settle([{ ...quick, taken: 10 }])

      await expect
        .poll(async () => (await buckets.settle([{ ...quick, taken: 0 }]))[0], { timeout: 5_000 })
        .toBe(10)
    })

    it('say that they cannot tell while Redis is away, and tell again afterwards', async () => {
      const buckets = open()
      await buckets.settle([take('away', 1)])

      await redis.stop()
      await expect.poll(() => settled(buckets), { timeout: 5_000 }).toBe('cannot tell')
      await redis.start()

      await expect.poll(() => settled(buckets), { timeout: 15_000 }).toBe('told')
    })

    async function settled(buckets: OpenSharedBuckets): Promise<string> {
      return buckets.settle([take('away', 0)]).then(
        () => 'told',
        () => 'cannot tell',
      )
    }
  },
)
