import { type Static, Type } from 'typebox'
import { component, listOf, ref } from './schema-parts.ts'

const resource = Type.String({
  maxLength: 80,
  pattern: '^(vcpu|memory-mib|disk-gib|bucket-gib|leases|queued-tasks|gpu/[a-z0-9.-]{1,63})$',
  description:
    'The unit is in the name. `bucket-gib` is what your bucket may hold; without it the operator’s own limit holds. The object store counts it, so `used` is 0.',
  examples: ['vcpu'],
})
const amount = Type.Integer({ minimum: 0, maximum: 2_147_483_647, examples: [4] })

/** One limit of a tenant and what is used of it. */
export const Quota = component(
  'Quota',
  Type.Object(
    { resource, limit: amount, used: amount, free: amount },
    { additionalProperties: false },
  ),
)
export type Quota = Static<typeof Quota>
export const QuotaList = listOf('QuotaList', Quota)

/** A limit to be set. */
export const QuotaLimit = component(
  'QuotaLimit',
  Type.Object({ resource, limit: amount }, { additionalProperties: false }),
)
export type QuotaLimit = Static<typeof QuotaLimit>

export const SetQuotasBody = component(
  'SetQuotasBody',
  Type.Object(
    {
      limits: Type.Array(ref(QuotaLimit), { minItems: 1, maxItems: 64 }),
    },
    { additionalProperties: false },
  ),
)
export type SetQuotasBody = Static<typeof SetQuotasBody>

/** A quota whose count differs from what is really held. There should be none. */
export const QuotaDrift = component(
  'QuotaDrift',
  Type.Object(
    {
      tenantId: Type.String({ examples: ['ten_acme'] }),
      resource,
      limit: amount,
      used: Type.Integer(),
      held: Type.Integer(),
    },
    { additionalProperties: false },
  ),
)
export type QuotaDrift = Static<typeof QuotaDrift>
export const QuotaDriftList = listOf('QuotaDriftList', QuotaDrift)
