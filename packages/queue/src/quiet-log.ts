import type { Log } from '@leasehold/application'

/** Logs troubles that come in thousands while a server is away. */
export type QuietLog = {
  /** Writes the first of its `message`, then at most one in ten seconds, with how many were left out. */
  trouble(message: string, error: unknown, fields?: object): void
}

const intervalMs = 10_000

export function makeQuietLog(log: Log, now: () => number): QuietLog {
  const last = new Map<string, { at: number; leftOut: number }>()
  return {
    trouble(message, error, fields = {}) {
      const before = last.get(message)
      if (before !== undefined && now() - before.at < intervalMs) {
        before.leftOut += 1
        return
      }
      last.set(message, { at: now(), leftOut: 0 })
      log.warn({ ...fields, ...factsOf(error), leftOut: before?.leftOut ?? 0 }, message)
    },
  }
}

/** Text and code only: errors of Redis carry the command they failed on, password included. */
function factsOf(error: unknown): object {
  if (!(error instanceof Error)) return { error: String(error).slice(0, 500) }
  const { code } = error as NodeJS.ErrnoException
  return {
    error: error.message.replaceAll('\u0000', '').slice(0, 500),
    ...(typeof code === 'string' ? { code } : {}),
  }
}
