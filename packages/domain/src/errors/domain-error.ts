/**
 * Every way in which a request can be refused. Closed: the HTTP edge holds a table with one
 * row per code (status and title), so a new code does not compile until it has an answer.
 */
export const domainErrorCodes = [
  'request/invalid',
  'auth/unauthenticated',
  'auth/forbidden',
  'auth/address-refused',
  'tenant/not-found',
  'tenant/suspended',
  'tenant/tier-forbids',
  'tenant/already-exists',
  'lease/not-found',
  'lease/action-not-possible',
  'task/not-found',
  'task/action-not-possible',
  'ssh-key/not-found',
  'ssh-key/invalid',
  'ssh-key/already-exists',
  'service-account/not-found',
  'service-account/already-exists',
  'service-account/too-many',
  'api-key/not-found',
  'api-key/too-many',
  'machine-type/not-found',
  'machine-type/unavailable',
  'gpu-type/not-found',
  'image/not-found',
  'pool/not-found',
  'pool/too-small',
  'pool/isolation-unavailable',
  'quota/exceeded',
  'quota/not-found',
  'file/not-found',
  'file/path-invalid',
  'file/too-large',
  'file/checksum-mismatch',
  'file/length-required',
  'bucket/credentials-unavailable',
  'bucket/too-many-credentials',
  'member/not-found',
  'member/last-owner',
  'member/managed-elsewhere',
  'conflict/changed-meanwhile',
  'idempotency/key-reused',
  'idempotency/in-progress',
  'cursor/invalid',
  'run/credential-invalid',
  'run/not-accepting',
  'access/code-invalid',
  'service/unavailable',
] as const

export type DomainErrorCode = (typeof domainErrorCodes)[number]

/** Numbers and names a client can act on: `limit`, `used`, `asked`, `free`, `field`, … */
export type DomainErrorFacts = Readonly<Record<string, string | number | boolean>>

/**
 * A refusal with a stable code. `message` is written for the renter; nothing we learned inside
 * (hosts, paths, SQL) belongs in it. `field` is the JSON pointer of the input at fault, if one is.
 */
export class DomainError extends Error {
  readonly code: DomainErrorCode
  readonly facts: DomainErrorFacts
  readonly field: string | null

  constructor(
    code: DomainErrorCode,
    message: string,
    facts: DomainErrorFacts = {},
    field: string | null = null,
  ) {
    super(message)
    this.name = 'DomainError'
    this.code = code
    this.facts = facts
    this.field = field
  }
}
