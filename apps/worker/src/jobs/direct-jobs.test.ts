import type { LeaseId, PoolName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { makeDirectJobs } from './direct-jobs.ts'
import type { JobHandlers } from './job-handlers.ts'
import { makeTimeLimits } from './time-limits.ts'

const lease = (number: number) => `lse_${number}` as LeaseId
const idle = async () => {}

/** Handlers of which only leases matter: each call waits until it is let go. */
function heldHandlers() {
  const calls: { readonly id: string; readonly signal: AbortSignal; letGo(): void }[] = []
  const handlers: JobHandlers = {
    'reconcile-lease': ({ leaseId }, signal) =>
      new Promise((resolve) => calls.push({ id: leaseId, signal, letGo: resolve })),
    'reconcile-task': idle,
    'admit-queued': idle,
    'ensure-tenant': idle,
  }
  return { calls, handlers }
}

function open(handlers: JobHandlers, concurrency = 2) {
  const failures: unknown[] = []
  const jobs = makeDirectJobs(
    () => handlers,
    async (_job, work) => {
      try {
        await work(() => {})
      } catch (error) {
        failures.push(error)
        throw error
      }
    },
    makeTimeLimits(10_000),
    concurrency,
  )
  return { jobs, failures }
}

describe('jobs that are served without the queue', () => {
  it('work for one row once at a time, and once more when it was asked for meanwhile', async () => {
    const { calls, handlers } = heldHandlers()
    const { jobs } = open(handlers)
    await jobs.hints.lookAtLease(lease(1))
    await jobs.hints.lookAtLease(lease(1))
    await jobs.hints.lookAtLease(lease(1))
    expect(calls).toHaveLength(1)

    calls[0]?.letGo()

    await expect.poll(() => calls.length).toBe(2)
    calls[1]?.letGo()
    await expect.poll(() => jobs.depth()).toBe(0)
    expect(calls).toHaveLength(2)
  })

  it('run beside each other up to a number', async () => {
    const { calls, handlers } = heldHandlers()
    const { jobs } = open(handlers, 2)

    for (const number of [1, 2, 3]) await jobs.hints.lookAtLease(lease(number))

    expect(calls.map(({ id }) => id)).toEqual([lease(1), lease(2)])
    calls[0]?.letGo()
    await expect.poll(() => calls.length).toBe(3)
    for (const call of calls) call.letGo()
  })

  it('go on after one that failed', async () => {
    const { handlers } = heldHandlers()
    const pools: string[] = []
    const failing: JobHandlers = {
      ...handlers,
      'reconcile-lease': async () => {
        throw new Error('no')
      },
      'admit-queued': async ({ pool }) => void pools.push(pool),
    }
    const { jobs, failures } = open(failing, 1)

    await jobs.hints.lookAtLease(lease(1))
    await jobs.hints.admitQueued('local' as PoolName)

    await expect.poll(() => pools).toEqual(['local'])
    expect(failures).toHaveLength(1)
  })

  it('are told to stop when they do not finish in time, and no new one begins', async () => {
    const { calls, handlers } = heldHandlers()
    const { jobs } = open(handlers, 1)
    await jobs.hints.lookAtLease(lease(1))
    await jobs.hints.lookAtLease(lease(2))

    await jobs.close(1, 1)
    await jobs.hints.lookAtLease(lease(3))

    expect(calls.map(({ id, signal }) => [id, signal.aborted])).toEqual([[lease(1), true]])
    calls[0]?.letGo()
  })
})
