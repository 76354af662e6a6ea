/** One thing the API server found wrong, for example a field that admission refused. */
export type KubeErrorCause = {
  readonly field?: string
  readonly reason?: string
  readonly message: string
}

export type KubeErrorFacts = {
  /** The HTTP status, for example 409. */
  readonly status: number
  /** The API server's word: `AlreadyExists`, `Conflict`, `Invalid`, `Forbidden`, `NotFound`, … */
  readonly reason: string
  readonly message: string
  readonly causes?: readonly KubeErrorCause[]
  readonly retryAfterMs?: number | null
}

/** The API server answered, and the answer is no. Its text is cleaned and cut, and never holds a credential. */
export class KubeError extends Error {
  override readonly name = 'KubeError'
  readonly status: number
  readonly reason: string
  readonly causes: readonly KubeErrorCause[]
  readonly retryAfterMs: number | null

  constructor(facts: KubeErrorFacts) {
    super(facts.message)
    this.status = facts.status
    this.reason = facts.reason
    this.causes = facts.causes ?? []
    this.retryAfterMs = facts.retryAfterMs ?? null
  }

  /** Whether the same request may succeed later without any change of ours. */
  get isRetryable(): boolean {
    return this.status === 429 || this.status >= 500
  }
}

/** No usable answer: no connection, a time limit, an answer that is no Kubernetes, or 5xx after every retry. */
export class KubeUnavailable extends Error {
  override readonly name = 'KubeUnavailable'
  readonly isRetryable = true
}

/** Whether the API server refused with this reason, for example `AlreadyExists`. */
export function isKubeError(error: unknown, reason: string): error is KubeError {
  return error instanceof KubeError && error.reason === reason
}
