/** What a wide line needs of a logger. */
type LineLog = {
  info(fields: object, message: string): void
  error(fields: object, message: string): void
}

export type JobOutcome = 'done' | 'failed' | 'aborted'

/** Adds facts to the line; the last value of a name wins. */
export type NoteFacts = (facts: object) => void

export type JobRunner = (
  job: { readonly name: string; readonly id: string; readonly facts: object },
  work: (note: NoteFacts) => Promise<void>,
) => Promise<void>

/**
 * One line per job, whatever happened, with everything we learned on the way (house rule 15), and one
 * observation of how long it took. Rethrows what the work threw: logging is done here, and only here.
 */
export function makeRunJob(options: {
  readonly log: LineLog
  /** Milliseconds; only differences count. */
  readonly now: () => number
  readonly observe?: (name: string, outcome: JobOutcome, tookMs: number) => void
}): JobRunner {
  const { log, now, observe } = options
  return async ({ name, id, facts }, work) => {
    const startedAt = now()
    const line: Record<string, unknown> = { job: name, jobId: id, ...facts }
    try {
      await work((more) => Object.assign(line, more))
      finish('done')
      log.info(line, 'job finished')
    } catch (err) {
      finish(isAbort(err) ? 'aborted' : 'failed')
      log.error({ ...line, err }, 'job finished')
      throw err
    }

    function finish(outcome: JobOutcome): void {
      const tookMs = Math.round(now() - startedAt)
      Object.assign(line, { outcome, tookMs })
      observe?.(name, outcome, tookMs)
    }
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')
}
