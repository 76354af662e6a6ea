import type { Log } from '@leasehold/application'
import { type JobOutcome, makeRunJob } from '@leasehold/observability'
import type { RunJob } from './job-handlers.ts'

/** Counts and times jobs; a part of the metrics. */
export type ObserveJob = (name: string, outcome: JobOutcome, tookMs: number) => void

/**
 * Results that say that there was nothing to do. They come every second for each machine that boots, so
 * they are counted and not written: a line is for something that happened.
 */
const quietResults = new Set<unknown>(['waiting', 'busy', 'settled', 'planned', 'ensured'])

/** One wide line per job in which something happened. Rethrows. */
export function makeQuietRunJob(log: Log, observe?: ObserveJob): RunJob {
  return makeRunJob({
    log: {
      info(fields, message) {
        if (!('result' in fields && quietResults.has(fields.result))) log.info(fields, message)
      },
      error: (fields, message) => log.error(fields, message),
    },
    now: () => performance.now(),
    ...(observe === undefined ? {} : { observe }),
  })
}
