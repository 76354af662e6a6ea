import type { Problem, ProblemCode } from '@leasehold/contract'
import type { DomainErrorCode, DomainErrorFacts } from '@leasehold/domain'

type Answer = {
  readonly status: number
  readonly title: string
  /** The same request would be refused in the same way for ever, so an idempotent replay may keep it. */
  readonly lasting?: true
}

/**
 * The one place where a failure becomes an HTTP answer. A new domain code does not compile until
 * it has a row here and a name on the wire.
 */
export const problemAnswers = {
  'request/invalid': { status: 400, title: 'Invalid request', lasting: true },
  'request/not-found': { status: 404, title: 'No such resource', lasting: true },
  'request/method-not-allowed': { status: 405, title: 'Method not allowed', lasting: true },
  'request/too-large': { status: 413, title: 'Request too large', lasting: true },
  'request/unsupported-media-type': { status: 415, title: 'Unsupported media type', lasting: true },
  'request/rate-limited': { status: 429, title: 'Too many requests' },
  'request/timed-out': { status: 503, title: 'Took too long' },
  'auth/unauthenticated': { status: 401, title: 'Not signed in' },
  'auth/forbidden': { status: 403, title: 'Not allowed' },
  'auth/address-refused': { status: 403, title: 'Not from this address' },
  'tenant/not-found': { status: 404, title: 'No such tenant' },
  'tenant/suspended': { status: 403, title: 'Tenant suspended' },
  'tenant/tier-forbids': { status: 403, title: 'Not for this tier' },
  'tenant/already-exists': { status: 409, title: 'Tenant already exists' },
  'lease/not-found': { status: 404, title: 'No such lease', lasting: true },
  'lease/action-not-possible': { status: 409, title: 'Not possible in this state' },
  'task/not-found': { status: 404, title: 'No such task', lasting: true },
  'task/action-not-possible': { status: 409, title: 'Not possible in this state' },
  'ssh-key/not-found': { status: 404, title: 'No such SSH key', lasting: true },
  'ssh-key/invalid': { status: 400, title: 'Invalid SSH key', lasting: true },
  'ssh-key/already-exists': { status: 409, title: 'SSH key already on file' },
  'service-account/not-found': { status: 404, title: 'No such service account', lasting: true },
  'service-account/already-exists': { status: 409, title: 'Service account already exists' },
  'service-account/too-many': { status: 409, title: 'Too many service accounts' },
  'api-key/not-found': { status: 404, title: 'No such API key', lasting: true },
  'api-key/too-many': { status: 409, title: 'Too many API keys' },
  'machine-type/not-found': { status: 404, title: 'No such machine type' },
  'machine-type/unavailable': { status: 409, title: 'Machine type unavailable' },
  'gpu-type/not-found': { status: 404, title: 'No such GPU type' },
  'image/not-found': { status: 404, title: 'No such image' },
  'pool/not-found': { status: 404, title: 'No such pool' },
  'pool/too-small': { status: 409, title: 'Too large for every pool' },
  'pool/isolation-unavailable': { status: 409, title: 'No pool isolates tasks like that' },
  'quota/exceeded': { status: 403, title: 'Quota exceeded' },
  'quota/not-found': { status: 404, title: 'No such quota' },
  'file/not-found': { status: 404, title: 'No such file' },
  'file/path-invalid': { status: 400, title: 'Invalid path', lasting: true },
  'file/too-large': { status: 413, title: 'File too large' },
  'file/checksum-mismatch': { status: 400, title: 'Checksum mismatch' },
  'file/length-required': { status: 411, title: 'Length required' },
  'bucket/credentials-unavailable': { status: 409, title: 'No credentials for buckets' },
  'bucket/too-many-credentials': { status: 409, title: 'Too many credentials' },
  'member/not-found': { status: 404, title: 'No such member' },
  'member/last-owner': { status: 409, title: 'Last owner' },
  'member/managed-elsewhere': { status: 409, title: 'People are managed elsewhere' },
  'conflict/changed-meanwhile': { status: 409, title: 'Changed meanwhile' },
  'idempotency/key-reused': { status: 422, title: 'Idempotency key reused' },
  'idempotency/in-progress': { status: 409, title: 'Still in progress' },
  'cursor/invalid': { status: 400, title: 'Invalid cursor', lasting: true },
  'run/credential-invalid': { status: 401, title: 'Run credential invalid' },
  'run/not-accepting': { status: 409, title: 'The run accepts nothing now' },
  'access/code-invalid': { status: 403, title: 'Code invalid' },
  'service/unavailable': { status: 503, title: 'Temporarily unavailable' },
  internal: { status: 500, title: 'Internal error' },
} as const satisfies Record<ProblemCode | DomainErrorCode, Answer>

/** Whether an answer with this code would never change for the same request. */
export function isLasting(code: ProblemCode): boolean {
  return (problemAnswers[code] as Answer).lasting === true
}

/** The whole problem document for one code. */
export function problemOf(
  code: ProblemCode,
  detail: string,
  requestId: string,
  more: { readonly field?: string | null; readonly facts?: DomainErrorFacts } = {},
): Problem {
  const { status, title } = problemAnswers[code]
  return {
    type: `urn:leasehold:problem:${code.replace('/', ':')}`,
    title,
    status,
    code,
    detail,
    requestId,
    ...(more.field ? { field: more.field } : {}),
    ...(more.facts && Object.keys(more.facts).length > 0 ? { facts: { ...more.facts } } : {}),
  }
}
