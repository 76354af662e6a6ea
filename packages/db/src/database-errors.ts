import { DomainError } from '@leasehold/domain'

/**
 * Gives every method of a store the same words for a database that cannot answer: `service/unavailable`.
 * The cause stays on the error for the log; other errors pass as they are.
 */
export function withClearErrors<Store extends object>(store: Store): Store {
  const wrapped = Object.entries(store).map(([name, method]) => [
    name,
    async (...args: unknown[]) => {
      try {
        return await (method as (...args: unknown[]) => unknown).apply(store, args)
      } catch (error) {
        throw toClearError(error)
      }
    },
  ])
  return Object.fromEntries(wrapped) as Store
}

/** What went wrong, in the domain's words where it has some. */
export function toClearError(error: unknown): unknown {
  if (error instanceof DomainError) return error
  const codes = codesOf(error)
  if (codes.some((code) => unstorableCodes.has(code)))
    return withCause(
      new DomainError(
        'request/invalid',
        'A text holds a character that cannot be stored, U+0000 for one. Send the text without it.',
      ),
      error,
    )
  if (codes.some(isPassing) || passingMessages.test(messageOf(error)))
    return withCause(
      new DomainError(
        'service/unavailable',
        'The database does not answer in time. Nothing is lost; try again in a few seconds.',
      ),
      error,
    )
  return error
}

/** Whether trying the very same thing again can help. */
export function isUnavailable(error: unknown): boolean {
  const clear = toClearError(error)
  return clear instanceof DomainError && clear.code === 'service/unavailable'
}

// PostgreSQL, appendix A: 22021 character_not_in_repertoire, 22P05 untranslatable_character.
const unstorableCodes = new Set(['22021', '22P05'])

/**
 * SQLSTATE classes 08 (connection), 53 (no resources), 57 (operator intervention, statement timeout,
 * starting up), 58 (its disk), 40 (deadlock, serialization); 55P03 lock timeout, 25P0x ended by a
 * timeout; what sockets say; Prisma's P1001 (unreachable), P1002, P1008 (timeouts), P1017 (closed), P2024
 * (no free connection), P2034 (conflict).
 */
function isPassing(code: string): boolean {
  if (/^(08|53|57|58|40)[0-9A-Z]{3}$/.test(code)) return true
  return passingCodes.has(code)
}

const passingCodes = new Set([
  ...['55P03', '25P03', '25P04', 'P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2034'],
  ...['ECONNREFUSED', 'ECONNRESET', 'ECONNABORTED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND'],
  ...['EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN'],
])

// pg's own errors have no code.
const passingMessages =
  /Connection terminated|timeout exceeded when trying to connect|Query read timeout|timeout expired|not queryable|pool after calling end|Client was closed/i

/** Codes of the error and of what caused it, Prisma's wrapping of the driver's included. */
function codesOf(error: unknown, depth = 0): string[] {
  if (typeof error !== 'object' || error === null || depth > 4) return []
  const { code, originalCode, cause, meta, errors } = error as Record<string, unknown>
  const own = [code, originalCode].filter((value): value is string => typeof value === 'string')
  const inner = [cause, (meta as Record<string, unknown> | undefined)?.driverAdapterError]
  const all = Array.isArray(errors) ? [...inner, ...errors] : inner
  return [...own, ...all.flatMap((value) => codesOf(value, depth + 1))]
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : ''
}

function withCause(clear: DomainError, cause: unknown): DomainError {
  clear.cause = cause
  return clear
}
