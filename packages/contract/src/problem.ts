import { type Static, Type } from 'typebox'
import { component, oneOf } from './schema-parts.ts'

/** Every code a client may meet. Stable: a code is never renamed or given another meaning. */
export const problemCodes = [
  'request/invalid',
  'request/not-found',
  'request/method-not-allowed',
  'request/too-large',
  'request/unsupported-media-type',
  'request/rate-limited',
  'request/timed-out',
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
  'internal',
] as const
export type ProblemCode = (typeof problemCodes)[number]

/** RFC 9457 problem details, plus the stable `code` that clients switch on. */
export const Problem = component(
  'Problem',
  Type.Object(
    {
      type: Type.String({
        format: 'uri',
        description: 'Names the kind of problem (RFC 9457).',
        examples: ['urn:leasehold:problem:quota:exceeded'],
      }),
      title: Type.String({ examples: ['Quota exceeded'] }),
      status: Type.Integer({ minimum: 400, maximum: 599, examples: [403] }),
      code: oneOf(problemCodes, { examples: ['quota/exceeded'] }),
      detail: Type.String({
        description: 'What is wrong and what to do next, for people.',
        examples: ['The quota of vcpu is 4; 4 are used, 1 was asked, 0 are free.'],
      }),
      requestId: Type.String({
        description: 'Give it to support: the log line of this request has it.',
        examples: ['req-m3k9x1-1f'],
      }),
      field: Type.Optional(
        Type.String({
          description:
            'JSON pointer (RFC 6901) of the input at fault. Inputs outside the body begin with `/query`, `/path` or `/headers`.',
          examples: ['/machineType'],
        }),
      ),
      facts: Type.Optional(
        Type.Record(
          Type.String({ maxLength: 64 }),
          Type.Union([Type.String(), Type.Number(), Type.Boolean()]),
          {
            description: 'Numbers and names a client can act on.',
            examples: [{ resource: 'vcpu', limit: 4, used: 4, asked: 1, free: 0 }],
          },
        ),
      ),
    },
    { description: 'RFC 9457 problem details.' },
  ),
)
export type Problem = Static<typeof Problem>
