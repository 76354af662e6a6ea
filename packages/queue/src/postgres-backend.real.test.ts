import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedPostgres } from '@leasehold/db'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { queueContract } from '../../testing/src/contracts/queue-contract.ts'
import { migrateQueue, openQueue } from './index.ts'
import { killedWorkerStory } from './throwaway/killed-worker-story.ts'
import { outageStory } from './throwaway/outage-story.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

describe('with a real PostgreSQL', () => {
  let folder: string
  let server: Awaited<ReturnType<typeof startEmbeddedPostgres>>
  const start = async () => {
    server = await startEmbeddedPostgres({ folder, log })
  }
  const open = () => openQueue({ kind: 'postgres', url: server.url, log, now: Date.now })
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'leasehold-queue-'))
    await start()
    await Promise.all([migrateQueue(server.url), migrateQueue(server.url)])
  })
  afterAll(async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })
  beforeEach(async () => {
    const queue = await open()
    await queue.empty()
    await queue.close()
  })

  queueContract('BullMQ on PostgreSQL', { open })
  killedWorkerStory({ kind: 'postgres', url: () => server.url, open })
  outageStory({ open, stop: () => server.stop(), start })

  it('needs few connections, and leaves nothing behind', async () => {
    const queue = await open()
    const watcher = new pg.Client({ connectionString: server.url })
    await watcher.connect()
    try {
      let doneCount = 0
      const done = async () => void doneCount++
      await queue.startWorkers(
        {
          'reconcile-lease': done,
          'reconcile-task': done,
          'admit-queued': done,
          'ensure-tenant': done,
        },
        { concurrency: 8 },
      )
      for (let row = 0; row < 200; row += 1) await queue.hints.lookAtLease(`lea_${row}` as never)
      await expect.poll(() => doneCount, { timeout: 20_000 }).toBe(200)
      for (const table of ['job', 'dedup'])
        await expect
          .poll(() => count(watcher, `SELECT count(*) FROM bullmq.${table}`), { timeout: 20_000 })
          .toBe(0)

      expect(await count(watcher, connections)).toBeLessThanOrEqual(8)
      expect(await count(watcher, 'SELECT count(*) FROM bullmq.event')).toBeLessThan(1_000)
    } finally {
      await queue.close()
      await watcher.end()
    }
  })

  it('ignores options in the address that would hide its tables', async () => {
    const url = new URL(server.url)
    url.searchParams.set('options', '-c search_path=public')

    const queue = await openQueue({ kind: 'postgres', url: url.toString(), log, now: Date.now })

    await expect(queue.depth()).resolves.toMatchObject({ 'reconcile-lease': 0 })
    await queue.close()
  })
})

const connections = `SELECT count(*) FROM pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND query ~* 'listen|bullmq|job'`

async function count(client: pg.Client, sql: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(sql)
  return Number(rows[0]?.count)
}
