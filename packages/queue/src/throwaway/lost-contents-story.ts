import { expect, it } from 'vitest'
import type { JobQueue } from '../index.ts'
import { silentHandlers } from './silent-handlers.ts'

/** What must hold when Redis loses all of its data or takes no more, with workers at work. */
export function lostContentsStory(redis: {
  readonly open: () => Promise<JobQueue>
  /** Sends a command as an administrator, to every server that there is. */
  readonly command: (...words: readonly string[]) => Promise<void>
}): void {
  it('works on after FLUSHALL, its scripts gone, too: rows that are hinted at again run once', async () => {
    const queue = await redis.open()
    const gate = Promise.withResolvers<void>()
    const seen: string[] = []
    try {
      await queue.startWorkers(
        {
          ...silentHandlers,
          'reconcile-lease': async ({ leaseId }) => {
            seen.push(leaseId)
            if (seen.length === 1) await gate.promise
          },
        },
        { concurrency: 1 },
      )
      await queue.hints.lookAtLease('lea_running' as never)
      await expect.poll(() => seen).toEqual(['lea_running'])
      for (let row = 0; row < 100; row += 1) await queue.hints.lookAtLease(`lea_${row}` as never)
      await expect.poll(async () => (await queue.depth())['reconcile-lease']).toBe(100)

      await redis.command('FLUSHALL')
      await redis.command('SCRIPT', 'FLUSH')
      gate.resolve()
      const rows = ['lea_running', ...Array.from({ length: 100 }, (_, row) => `lea_${row}`)]
      for (const row of rows) await queue.hints.lookAtLease(row as never)

      await expect.poll(() => seen.length, { timeout: 20_000 }).toBe(1 + rows.length)
      expect([...seen.slice(1)].sort()).toEqual([...rows].sort())
    } finally {
      await queue.close()
    }
  })

  it('neither throws nor loses its workers while Redis has no memory left (noeviction)', async () => {
    const queue = await redis.open()
    const seen: string[] = []
    try {
      await queue.startWorkers(
        { ...silentHandlers, 'reconcile-lease': async ({ leaseId }) => void seen.push(leaseId) },
        { concurrency: 2 },
      )
      await queue.hints.lookAtLease('lea_before' as never)
      await expect.poll(() => seen).toEqual(['lea_before'])

      await redis.command('CONFIG', 'SET', 'maxmemory', '1')
      for (let row = 0; row < 200; row += 1) await queue.hints.lookAtLease(`lea_${row}` as never)
      await expect(queue.check(new AbortController().signal)).rejects.toMatchObject({
        code: 'service/unavailable',
      })
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')

      await expect
        .poll(
          async () => {
            await queue.hints.lookAtLease('lea_after' as never)
            return seen
          },
          { timeout: 20_000, interval: 250 },
        )
        .toContain('lea_after')
      await expect(queue.check(new AbortController().signal)).resolves.toBeUndefined()
    } finally {
      await redis.command('CONFIG', 'SET', 'maxmemory', '0')
      await queue.close()
    }
  })
}
