import { expect, it } from 'vitest'
import type { JobQueue } from '../index.ts'
import { silentHandlers } from './silent-handlers.ts'

/** What must hold while the queue's server is away and after it came back; the same for each backend. */
export function outageStory(server: {
  readonly open: () => Promise<JobQueue>
  readonly stop: () => Promise<void>
  readonly start: () => Promise<void>
}): void {
  it('neither throws nor waits while its server is away, says so, and works on when it is back', async () => {
    const queue = await server.open()
    const seen: string[] = []
    try {
      await queue.startWorkers(
        { ...silentHandlers, 'reconcile-lease': async ({ leaseId }) => void seen.push(leaseId) },
        { concurrency: 2 },
      )
      await server.stop()

      const startedAt = performance.now()
      for (let row = 0; row < 500; row += 1) await queue.hints.lookAtLease(`lea_${row}` as never)
      expect(performance.now() - startedAt).toBeLessThan(500)
      await expect(queue.check(new AbortController().signal)).rejects.toMatchObject({
        code: 'service/unavailable',
      })

      const cpuBefore = process.cpuUsage()
      await expect
        .poll(() => performance.now() - startedAt, { timeout: 10_000 })
        .toBeGreaterThan(4_000)
      const { user, system } = process.cpuUsage(cpuBefore)
      // Reconnecting in a tight loop would take a whole core.
      expect((user + system) / 1_000).toBeLessThan(1_600)

      await server.start()
      await expect
        .poll(
          async () => {
            await queue.hints.lookAtLease('lea_after' as never)
            return seen
          },
          { timeout: 20_000, interval: 250 },
        )
        .toContain('lea_after')
    } finally {
      await queue.close()
    }
  })
}
