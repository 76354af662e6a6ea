import type { Log } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'

/** S3's own name of what went wrong (`NoSuchKey`), or the name of a failure on the way. */
export function s3ErrorName(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  // What TLS and sockets say has its name in `code`: a certificate that is not trusted, for one.
  const { code } = error as NodeJS.ErrnoException
  return error.name === 'Error' && code !== undefined ? code : error.name
}

export function isMissing(error: unknown): boolean {
  return ['NoSuchKey', 'NoSuchBucket', 'NotFound'].includes(s3ErrorName(error))
}

/** Nothing answered at all: no connection, or no answer in time. */
export function isSilence(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as NodeJS.ErrnoException
  return ['TimeoutError', 'AbortError'].includes(error.name) || /^E[A-Z]/.test(String(code ?? ''))
}

/**
 * Runs one call and turns what the store says into what the caller may know. An abort by the caller
 * stays the caller's; everything else that is not a refusal of ours is `service/unavailable`, with the
 * real cause in the log.
 */
export async function translated<Result>(
  { log }: { readonly log: Log },
  call: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> {
  signal.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    if (error instanceof DomainError) throw error
    signal.throwIfAborted()
    const status = (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode
    log.warn({ call, reason: s3ErrorName(error), status: status ?? null }, 'object store trouble')
    throw unavailable(error)
  }
}

export function unavailable(cause: unknown): DomainError {
  const refusal = new DomainError(
    'service/unavailable',
    'The object store does not answer. Nothing was changed; try again in a moment.',
  )
  return Object.assign(refusal, { cause })
}
