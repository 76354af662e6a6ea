import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  makeGate,
  type QueueUnderTest,
  recording,
  sent,
  settled,
  silent,
  turn,
  until,
} from './queue-under-test.ts'

export type QueueContractOptions = {
  /** Opens another connection to the same, empty queue. */
  readonly open: () => Promise<QueueUnderTest>
}

const lease = (id: string) => id as LeaseId

/** What every queue promises. Run it against each backend, with a real server behind it. */
export function queueContract(name: string, { open }: QueueContractOptions): void {
  describe(`queue: ${name}`, () => {
    let queue: QueueUnderTest
    beforeEach(async () => {
      queue = await open()
    })
    afterEach(() => queue.close())

    it('brings each kind of hint to its own handler, with the id and nothing else', async () => {
      const seen: unknown[] = []
      await queue.startWorkers(recording(seen), { concurrency: 2 })

      await queue.hints.lookAtLease(lease('lea_1'))
      await queue.hints.lookAtTask('tas_1' as TaskId)
      await queue.hints.admitQueued('local' as PoolName)
      await queue.hints.ensureTenant('ten_1' as TenantId)

      await until(() => seen.length === 4)
      expect(seen).toEqual(
        expect.arrayContaining([
          { leaseId: 'lea_1' },
          { taskId: 'tas_1' },
          { pool: 'local' },
          { tenantId: 'ten_1' },
        ]),
      )
    })

    it('makes one run of many hints for a row that waits', async () => {
      for (let round = 0; round < 20; round += 1) {
        await queue.hints.lookAtLease(lease('lea_1'))
        await queue.hints.lookAtLease(lease('lea_2'))
      }
      await until(async () => (await queue.depth())['reconcile-lease'] === 2)

      const seen: unknown[] = []
      await queue.startWorkers(recording(seen), { concurrency: 1 })
      await settled(queue)

      expect(seen).toHaveLength(2)
    })

    it('runs a row again when a hint came while it was being worked on', async () => {
      const gate = makeGate()
      let runs = 0
      await queue.startWorkers(
        {
          ...silent,
          'reconcile-lease': async () => {
            runs += 1
            if (runs === 1) await gate.wait
          },
        },
        { concurrency: 4 },
      )
      await queue.hints.lookAtLease(lease('lea_1'))
      await until(() => runs === 1)

      for (let hint = 0; hint < 5; hint += 1) await queue.hints.lookAtLease(lease('lea_1'))
      await sent(queue)
      gate.open()

      await until(() => runs === 2)
      await settled(queue)
      expect(runs).toBe(2)
    })

    it('never works on one row twice at the same time, and never forgets its last hint', async () => {
      const rows = ['lea_a', 'lea_b', 'lea_c']
      const truth = new Map(rows.map((row) => [row, 0]))
      const read = new Map(rows.map((row) => [row, -1]))
      const active = new Set<string>()
      let overlapped = false
      await queue.startWorkers(
        {
          ...silent,
          'reconcile-lease': async ({ leaseId }) => {
            overlapped ||= active.has(leaseId)
            active.add(leaseId)
            read.set(leaseId, truth.get(leaseId) ?? -1)
            await turn()
            active.delete(leaseId)
          },
        },
        { concurrency: 8 },
      )

      for (let change = 0; change < 300; change += 1) {
        const row = rows[change % rows.length] as string
        truth.set(row, change)
        await queue.hints.lookAtLease(lease(row))
        if (change % 7 === 0) await turn()
      }

      await until(() => rows.every((row) => read.get(row) === truth.get(row)))
      expect(overlapped).toBe(false)
    })

    it('goes on after a handler that fails, whatever text it fails with, and keeps nothing', async () => {
      const seen: string[] = []
      await queue.startWorkers(
        {
          ...silent,
          'reconcile-lease': async ({ leaseId }) => {
            seen.push(leaseId)
            if (leaseId === 'lea_bad') throw new Error('broken \u0000 text \ud800')
          },
        },
        { concurrency: 1 },
      )
      await queue.hints.lookAtLease(lease('lea_bad'))
      await queue.hints.lookAtLease(lease('lea_good'))
      await until(() => seen.length === 2)

      await queue.hints.lookAtLease(lease('lea_bad'))
      await until(() => seen.length === 3)
      await settled(queue)

      expect(seen).toEqual(['lea_bad', 'lea_good', 'lea_bad'])
    })

    it.each(['', 'a\u0000b', 'x'.repeat(500), 'a:b', '../a'])(
      'refuses %j as an id without throwing, and works on',
      async (id) => {
        const seen: unknown[] = []
        await queue.startWorkers(recording(seen), { concurrency: 1 })

        await queue.hints.lookAtLease(lease(id))
        await queue.hints.lookAtLease(lease('lea_1'))

        await until(() => seen.length > 0)
        expect(seen).toEqual([{ leaseId: 'lea_1' }])
      },
    )

    it('works on after all of its contents were lost, also under a running job', async () => {
      const gate = makeGate()
      const seen: string[] = []
      await queue.startWorkers(
        {
          ...silent,
          'reconcile-lease': async ({ leaseId }) => {
            seen.push(leaseId)
            if (leaseId === 'lea_slow' && seen.length === 1) await gate.wait
          },
        },
        { concurrency: 1 },
      )
      await queue.hints.lookAtLease(lease('lea_slow'))
      await until(() => seen.length === 1)
      await queue.hints.lookAtLease(lease('lea_lost'))
      await sent(queue)

      await queue.empty()
      gate.open()
      await queue.hints.lookAtLease(lease('lea_slow'))
      await queue.hints.lookAtLease(lease('lea_new'))

      await until(() => seen.includes('lea_new') && seen.length >= 3)
      expect(seen.slice(1).sort()).toEqual(['lea_new', 'lea_slow'])
    })

    it('shares the work of one queue between processes', async () => {
      const other = await open()
      try {
        const seen: unknown[] = []
        await queue.startWorkers(recording(seen), { concurrency: 1 })
        await other.startWorkers(recording(seen), { concurrency: 1 })

        for (let row = 0; row < 50; row += 1) await other.hints.lookAtLease(lease(`lea_${row}`))

        await until(() => seen.length === 50)
        expect(new Set(seen.map((payload) => JSON.stringify(payload))).size).toBe(50)
      } finally {
        await other.close()
      }
    })

    it('lets a running job finish when it closes, and aborts one that does not', async () => {
      let finished = false
      let aborted = false
      let running = 0
      const workers = await queue.startWorkers(
        {
          ...silent,
          'reconcile-lease': async () => {
            running += 1
            await turn()
            finished = true
          },
          'reconcile-task': (_payload, signal) =>
            new Promise((resolve) => {
              running += 1
              signal.addEventListener('abort', () => {
                aborted = true
                resolve()
              })
            }),
        },
        { concurrency: 1 },
      )
      await queue.hints.lookAtTask('tas_1' as TaskId)
      await queue.hints.lookAtLease(lease('lea_1'))
      await until(() => running === 2)
      const startedAt = performance.now()

      await workers.close()

      expect({ finished, aborted }).toEqual({ finished: true, aborted: true })
      expect(performance.now() - startedAt).toBeLessThan(10_000)
    })

    it('answers when asked whether it is well', async () => {
      await expect(queue.check(new AbortController().signal)).resolves.toBeUndefined()
    })
  })
}
