import type { Log } from '@leasehold/application'
import type { TimeLimits } from './jobs/time-limits.ts'

/** Something that is done again and again, by this process, whatever the queue does. */
export type Schedule = {
  readonly name: string
  /** From the end of one run to the start of the next: two never overlap. */
  readonly everyMs: number
  readonly limitMs: number
  readonly run: (signal: AbortSignal) => Promise<object>
  /** Whether a run is worth a line. */
  readonly isNews: (result: object) => boolean
}

export type Timers = { close(): Promise<void> }

/** Starts every schedule at once, each on its own timer. A run that fails is logged and comes again. */
export function startSchedules(
  schedules: readonly Schedule[],
  limits: TimeLimits,
  log: Log,
  now: () => number,
): Timers {
  const closing = new AbortController()
  const loops = schedules.map(async (schedule) => {
    while (!closing.signal.aborted) {
      await runOnce(schedule, limits, log, now, closing.signal)
      await sleep(schedule.everyMs, closing.signal)
    }
  })
  return {
    async close() {
      closing.abort(new Error('the worker is shutting down'))
      await Promise.all(loops)
    },
  }
}

async function runOnce(
  { name, limitMs, run, isNews }: Schedule,
  limits: TimeLimits,
  log: Log,
  now: () => number,
  closing: AbortSignal,
): Promise<void> {
  const startedAt = now()
  try {
    const result = await limits.within(limitMs, closing, run)
    if (isNews(result)) log.info({ schedule: name, ...result, tookMs: now() - startedAt }, 'swept')
  } catch (err) {
    if (!closing.aborted)
      log.error({ schedule: name, tookMs: now() - startedAt, err }, 'sweep failed')
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
}
