import { type DestinationStream, pino } from 'pino'
import { redact, scrubText } from './redact.ts'

/** Satisfies the `Log` port. Every line is JSON with `level`, `time`, `app`, `msg` and the fields. */
export type Logger = {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
  /** The same logger with these fields on every line. */
  child(fields: object): Logger
}

export type LoggerOptions = {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  /** Which program speaks: `api`, `worker`, `gateway`, `all-in-one`. */
  readonly app: string
  /** Standard output when left out. */
  readonly destination?: DestinationStream
}

/** A logger that cannot write a secret: fields pass through `redact`, messages through `scrubText`. */
export function makeLogger({ level, app, destination }: LoggerOptions): Logger {
  const out: DestinationStream & Partial<NodeJS.EventEmitter> =
    destination ?? pino.destination({ sync: true })
  // A line that finds the disk full is lost; the program must not be.
  out.on?.('error', () => {})
  const root = pino(
    {
      level,
      base: { app },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // `redact` spells errors out by itself.
      serializers: { err: (value: unknown) => value },
    },
    out,
  )
  return wrap(root)
}

type Writer = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled' | 'child'>

function wrap(writer: Writer): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: object, message: string): void => {
      if (!writer.isLevelEnabled(level)) return
      writer[level](redact(fields instanceof Error ? { err: fields } : fields), scrubText(message))
    }
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(writer.child(redact(fields))),
  }
}
