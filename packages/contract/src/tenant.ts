import { type Static, Type } from 'typebox'
import { memberRoleNames } from './me.ts'
import { QuotaLimit } from './quota.ts'
import {
  component,
  displayName,
  id,
  nullable,
  oneOf,
  pageOf,
  ref,
  Timestamp,
} from './schema-parts.ts'

export const tierNames = ['production', 'test', 'dev'] as const

const slug = Type.String({
  pattern: '^[a-z][a-z0-9-]{1,38}[a-z0-9]$',
  maxLength: 40,
  description: 'Unique; the alias of the organization at the identity provider.',
  examples: ['acme'],
})

const networkList = (description: string) =>
  Type.Array(Type.String({ maxLength: 49, examples: ['192.0.2.0/24'] }), {
    maxItems: 100,
    description,
  })

/** From where the API of a tenant may be used. */
export const NetworkRules = component(
  'NetworkRules',
  Type.Object(
    {
      allow: networkList('Addresses and networks in CIDR notation. Empty: everywhere.'),
      deny: networkList('Goes before what is allowed.'),
    },
    { additionalProperties: false },
  ),
)

/** An organisation that rents. */
export const Tenant = component(
  'Tenant',
  Type.Object(
    {
      id: id('ten_acme'),
      slug,
      name: displayName('Acme'),
      tier: oneOf(tierNames),
      suspended: Type.Boolean(),
      networks: ref(NetworkRules),
      createdAt: Timestamp,
      version: Type.Integer({ description: 'Rises by one with every change.' }),
    },
    { additionalProperties: false },
  ),
)
export type Tenant = Static<typeof Tenant>
export const TenantPage = pageOf('TenantPage', Tenant)

export const CreateTenantBody = component(
  'CreateTenantBody',
  Type.Object(
    {
      slug,
      name: displayName('Acme'),
      tier: oneOf(tierNames),
      limits: Type.Optional(
        Type.Array(ref(QuotaLimit), {
          maxItems: 64,
          description: 'Limits that differ from those of the tier.',
        }),
      ),
    },
    { additionalProperties: false },
  ),
)
export type CreateTenantBody = Static<typeof CreateTenantBody>

export const ChangeTenantBody = component(
  'ChangeTenantBody',
  Type.Object(
    {
      name: Type.Optional(displayName('Acme')),
      tier: Type.Optional(oneOf(tierNames)),
      suspended: Type.Optional(Type.Boolean()),
      networks: Type.Optional(ref(NetworkRules)),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
)
export type ChangeTenantBody = Static<typeof ChangeTenantBody>

/** A person of a tenant, as last seen in a token. */
export const Member = component(
  'Member',
  Type.Object(
    {
      id: Type.String({ examples: ['7a1c9f0e-olivia'] }),
      email: nullable(Type.String()),
      name: nullable(Type.String()),
      role: oneOf(memberRoleNames),
      firstSeenAt: Timestamp,
      lastSeenAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type Member = Static<typeof Member>
export const MemberPage = pageOf('MemberPage', Member)
