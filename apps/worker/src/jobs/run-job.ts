import type { Log } from '@leasehold/application'
import type { RunJob } from './job-handlers.ts'

/** Counts and times jobs; a part of the metrics. */
export type ObserveJob = (name: string, outcome: 'done' | 'failed', tookMs: number) => void

/**
 * Results that say that there was nothing to do. They come every second for each machine that boots, so
 * they are counted and not written: a line is for something that happened.
 */
const quietResults = new Set<unknown>(['waiting', 'busy', 'settled', 'planned', 'ensured'])

/** One line per job in which something happened, with everything we learnt on the way. Rethrows. */
export function makeRunJob(log: Log, now: () => number, observe: ObserveJob = () => {}): RunJob {
  return async ({ name, id, facts: given }, work) => {
    const startedAt = now()
    const facts: Record<string, unknown> = { job: name, jobId: id, ...given }
    try {
      await work((more) => Object.assign(facts, more))
      const tookMs = now() - startedAt
      observe(name, 'done', tookMs)
      if (!quietResults.has(facts.result))
        log.info({ ...facts, outcome: 'done', tookMs }, 'job finished')
    } catch (err) {
      const tookMs = now() - startedAt
      observe(name, 'failed', tookMs)
      log.error({ ...facts, outcome: 'failed', tookMs, err }, 'job finished')
      throw err
    }
  }
}
