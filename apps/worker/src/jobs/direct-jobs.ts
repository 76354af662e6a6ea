import type { JobHints } from '@leasehold/application'
import type { JobHandlers, JobName, RunJob } from './job-handlers.ts'
import type { TimeLimits } from './time-limits.ts'

/**
 * Hints that are served in this process, without the queue: what sweeps find and drivers report must be
 * looked at also when the queue is down.
 */
export type DirectJobs = {
  readonly hints: JobHints
  /** Jobs that run or wait. */
  depth(): number
  /** Takes nothing new, waits for what runs, aborts it after `finishMs`, and waits at most `abortMs` more. */
  close(finishMs: number, abortMs: number): Promise<void>
}

type DirectJob = {
  readonly name: JobName
  readonly id: string
  readonly facts: object
  readonly work: Parameters<RunJob>[1]
}

/** More than this waiting is dropped: the next sweep finds the rows again. */
const maxWaiting = 5_000

/**
 * One job per row at a time; a hint that comes meanwhile causes one more look afterwards. The handlers
 * are made with these hints, so that what one job asks for next does not need the queue either.
 */
export function makeDirectJobs(
  makeHandlers: (hints: JobHints) => JobHandlers,
  runJob: RunJob,
  limits: TimeLimits,
  concurrency: number,
): DirectJobs {
  const waiting = new Map<string, DirectJob>()
  const running = new Map<string, Promise<void>>()
  const closing = new AbortController()
  let isClosed = false

  const next = () => {
    for (const [key, job] of waiting) {
      if (running.size >= concurrency) return
      if (running.has(key)) continue
      waiting.delete(key)
      const done = runJob(job, job.work)
        // The line about it is written, and the row is still due.
        .catch(() => {})
        .then(() => {
          running.delete(key)
          next()
        })
      running.set(key, done)
    }
  }
  const add = <Name extends JobName>(
    name: Name,
    id: string,
    payload: Parameters<JobHandlers[Name]>[0],
  ) => {
    if (isClosed || waiting.size >= maxWaiting) return
    const handle = handlers[name] as (...args: unknown[]) => Promise<void>
    waiting.set(`${name} ${id}`, {
      name,
      id: `direct-${id}`,
      facts: payload,
      work: (note) =>
        limits.within(limits.directMs, closing.signal, (signal) => handle(payload, signal, note)),
    })
    next()
  }
  const hints: JobHints = {
    lookAtLease: async (leaseId) => add('reconcile-lease', leaseId, { leaseId }),
    lookAtTask: async (taskId) => add('reconcile-task', taskId, { taskId }),
    admitQueued: async (pool) => add('admit-queued', pool, { pool }),
    ensureTenant: async (tenantId) => add('ensure-tenant', tenantId, { tenantId }),
  }
  const handlers = makeHandlers(hints)
  return {
    hints,
    depth: () => waiting.size + running.size,
    async close(finishMs, abortMs) {
      isClosed = true
      waiting.clear()
      const all = () => Promise.all(running.values())
      if (await limits.settles(all(), finishMs)) return
      closing.abort(new Error('the worker is shutting down'))
      await limits.settles(all(), abortMs)
    },
  }
}
