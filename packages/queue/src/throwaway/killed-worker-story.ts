import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import type { JobQueue } from '../index.ts'

/** What must hold after `kill -9` of a worker in the middle of a job; the same for each backend. */
export function killedWorkerStory(options: {
  readonly kind: 'postgres' | 'redis'
  readonly url: () => string
  readonly open: () => Promise<JobQueue>
}): void {
  it('takes up the row of a killed worker again within half a minute', async () => {
    const script = fileURLToPath(new URL('stuck-worker.ts', import.meta.url))
    const child = spawn(process.execPath, [script, options.kind, options.url()], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const queue = await options.open()
    try {
      await queue.hints.lookAtLease('lea_stuck' as never)
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')

      const seen: string[] = []
      const done = async () => {}
      await queue.startWorkers(
        {
          'reconcile-lease': async ({ leaseId }) => void seen.push(leaseId),
          'reconcile-task': done,
          'admit-queued': done,
          'ensure-tenant': done,
        },
        { concurrency: 1 },
      )
      await queue.hints.lookAtLease('lea_other' as never)
      await queue.hints.lookAtLease('lea_stuck' as never)

      await expect.poll(() => seen, { timeout: 5_000 }).toContain('lea_other')
      await expect.poll(() => seen, { timeout: 30_000, interval: 100 }).toContain('lea_stuck')
    } finally {
      child.kill('SIGKILL')
      await queue.close()
    }
  })
}
