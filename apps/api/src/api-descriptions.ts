import type { ApiDescription } from './plugins/openapi.ts'

const idempotencyKeyHeader = {
  name: 'Idempotency-Key',
  description:
    'Makes a repetition safe: the same key and body get the same answer, and nothing is made twice. Answers are kept for a day.',
  pattern: '^[A-Za-z0-9_-]{1,64}$',
  example: '0193a7c2-7b1e',
  appliesTo: 'every-post',
} as const

/** What the document of the tenant API says beside its routes. */
export const tenantApi: ApiDescription = {
  title: 'Leasehold tenant API',
  description:
    'Rent virtual machines and run tasks. Errors are RFC 9457 problem details with stable codes; lists are paged by cursor; all times are RFC 3339 in UTC; another tenant’s ids answer exactly like ids that never were.',
  tags: [
    { name: 'me', description: 'Who you are.' },
    { name: 'catalogue', description: 'What can be had, and its price.' },
    { name: 'members', description: 'The people of the tenant, at the identity provider.' },
    { name: 'ssh-keys', description: 'Public keys on file.' },
    { name: 'api-keys', description: 'Service accounts and their keys, for programs.' },
    { name: 'leases', description: 'Machines of one’s own.' },
    { name: 'tasks', description: 'Scripts that run once, each in a machine of its own.' },
    { name: 'files', description: 'The tenant’s bucket.' },
    { name: 'quota', description: 'What may be used.' },
    { name: 'usage', description: 'What was used, and its cost.' },
    { name: 'sessions', description: 'For the identity provider.' },
    { name: 'health', description: 'For those who run the platform.' },
  ],
  headers: [
    {
      name: 'Leasehold-Tenant',
      description: 'Slug of the tenant to act for. Needed by callers who are in several.',
      pattern: '^[a-z][a-z0-9-]{1,38}[a-z0-9]$',
      example: 'acme',
      appliesTo: 'every-operation',
    },
    idempotencyKeyHeader,
  ],
}

/** What the document of the operator API says beside its routes. */
export const operatorApi: ApiDescription = {
  title: 'Leasehold operator API',
  description:
    'For those who run the platform: tenants, limits, catalogue, pools. Needs the realm role `operator` or `admin`.',
  tags: [
    { name: 'tenants', description: 'Organisations that rent, and their people.' },
    { name: 'members', description: 'The people of tenants, at the identity provider.' },
    { name: 'quotas', description: 'Limits of tenants.' },
    { name: 'catalogue', description: 'Machine types and GPU types.' },
    { name: 'pools', description: 'Where machines run.' },
    { name: 'leases', description: 'A look at machines.' },
    { name: 'health', description: 'For those who run the platform.' },
  ],
  headers: [idempotencyKeyHeader],
}
