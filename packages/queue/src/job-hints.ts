import type { JobHints } from '@leasehold/application'
import { Value } from 'typebox/value'
import { type JobName, type JobPayload, jobCatalogue, jobNames } from './job-catalogue.ts'
import type { QuietLog } from './quiet-log.ts'
import { withTimeLimit } from './time-limit.ts'

/** One row to look at. `rowId` is what makes two hints the same. */
export type Hint<Name extends JobName = JobName> = {
  readonly rowId: string
  readonly payload: JobPayload<Name>
}

export type BufferedHints = JobHints & {
  /** Waits until everything given so far has been sent or given up, at most `limitMs`. */
  drain(limitMs: number): Promise<void>
}

/** More hints than this waiting for a slow server are dropped: the sweep finds their rows. */
const maxWaiting = 10_000
const maxBatch = 200
const sendLimitMs = 5_000

/**
 * Takes hints without making the caller wait: the first goes out at once, those that come meanwhile
 * follow together, two for the same row as one. What cannot be sent is logged and left to the sweep.
 */
export function makeJobHints(
  send: (name: JobName, hints: readonly Hint[]) => Promise<void>,
  log: QuietLog,
): BufferedHints {
  const lanes = Object.fromEntries(
    jobNames.map((name) => [name, makeLane(name, send, log)]),
  ) as Record<JobName, Lane>
  return {
    lookAtLease: async (leaseId) => lanes['reconcile-lease'].add(leaseId, { leaseId }),
    lookAtTask: async (taskId) => lanes['reconcile-task'].add(taskId, { taskId }),
    admitQueued: async (pool) => lanes['admit-queued'].add(pool, { pool }),
    ensureTenant: async (tenantId) => lanes['ensure-tenant'].add(tenantId, { tenantId }),
    drain: async (limitMs) => {
      const all = Promise.all(Object.values(lanes).map((lane) => lane.idle()))
      await withTimeLimit(all, limitMs, 'hints were not sent in time').catch((error) =>
        log.trouble('hints left to the sweep', error),
      )
    },
  }
}

type Lane = {
  add(rowId: string, payload: JobPayload<JobName>): void
  idle(): Promise<void>
}

function makeLane(
  name: JobName,
  send: (name: JobName, hints: readonly Hint[]) => Promise<void>,
  log: QuietLog,
): Lane {
  const waiting = new Map<string, Hint>()
  let sending: Promise<void> | null = null

  const sendAll = async (): Promise<void> => {
    while (waiting.size > 0) {
      const batch = [...waiting.values()].slice(0, maxBatch)
      for (const { rowId } of batch) waiting.delete(rowId)
      try {
        await withTimeLimit(send(name, batch), sendLimitMs, 'the queue did not answer in time')
      } catch (error) {
        log.trouble('hints left to the sweep', error, { job: name, hints: batch.length })
      }
    }
    sending = null
  }

  return {
    add(rowId, payload) {
      if (!Value.Check(jobCatalogue[name].payload, payload))
        return log.trouble('hint refused: its id is not one', new Error('bad id'), { job: name })
      if (waiting.size >= maxWaiting)
        return log.trouble('hints left to the sweep', new Error('too many waiting'), { job: name })
      waiting.set(rowId, { rowId, payload })
      sending ??= sendAll()
    },
    idle: () => sending ?? Promise.resolve(),
  }
}
