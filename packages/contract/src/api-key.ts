import { type Static, Type } from 'typebox'
import { component, displayName, id, nullable, oneOf, pageOf, Timestamp } from './schema-parts.ts'

export const serviceAccountRoleNames = ['member', 'viewer', 'billing'] as const

/** What a key can be narrowed to. */
export const keyPermissionNames = [
  'leases:read',
  'leases:write',
  'tasks:read',
  'tasks:write',
  'files:read',
  'files:write',
  'ssh-keys:read',
  'ssh-keys:write',
  'quota:read',
  'usage:read',
  'catalogue:read',
] as const

/** Whoever programs act as. */
export const ServiceAccount = component(
  'ServiceAccount',
  Type.Object(
    {
      id: id('svc_0193a7c2'),
      name: displayName('nightly training'),
      role: oneOf(serviceAccountRoleNames),
      createdAt: Timestamp,
      createdBy: Type.String({ examples: ['7a1c9f0e-olivia'] }),
    },
    { additionalProperties: false },
  ),
)
export type ServiceAccount = Static<typeof ServiceAccount>
export const ServiceAccountPage = pageOf('ServiceAccountPage', ServiceAccount)

export const CreateServiceAccountBody = component(
  'CreateServiceAccountBody',
  Type.Object(
    { name: displayName('nightly training'), role: oneOf(serviceAccountRoleNames) },
    { additionalProperties: false },
  ),
)
export type CreateServiceAccountBody = Static<typeof CreateServiceAccountBody>

const keyFields = {
  id: id('apk_0193a7c2'),
  serviceAccountId: id('svc_0193a7c2'),
  name: displayName('cluster of 2026'),
  permissions: nullable(
    Type.Array(Type.String({ examples: ['leases:read'] }), {
      description: 'What the key may do; null: all that the account’s role allows.',
    }),
  ),
  createdAt: Timestamp,
  createdBy: Type.String({ examples: ['7a1c9f0e-olivia'] }),
  expiresAt: Timestamp,
  lastUsedAt: nullable(Timestamp),
}

/** One key of a service account, without its secret. */
export const ApiKey = component('ApiKey', Type.Object(keyFields, { additionalProperties: false }))
export type ApiKey = Static<typeof ApiKey>
export const ApiKeyPage = pageOf('ApiKeyPage', ApiKey)

/** A key that was made just now. */
export const NewApiKey = component(
  'NewApiKey',
  Type.Object(
    {
      ...keyFields,
      secret: Type.String({
        description:
          'Send it as `Authorization: Bearer <secret>`. Shown here and never again: keep it now.',
        examples: ['lsh_0193a7c2_wq3…'],
      }),
    },
    { additionalProperties: false },
  ),
)
export type NewApiKey = Static<typeof NewApiKey>

export const CreateApiKeyBody = component(
  'CreateApiKeyBody',
  Type.Object(
    {
      serviceAccountId: id('svc_0193a7c2'),
      name: displayName('cluster of 2026'),
      permissions: Type.Optional(
        Type.Array(oneOf(keyPermissionNames), {
          minItems: 1,
          maxItems: keyPermissionNames.length,
          description: 'Narrows what the key may do. When left out: all that the role allows.',
          examples: [['leases:read', 'tasks:write']],
        }),
      ),
      expiresInDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, default: 90 })),
    },
    { additionalProperties: false },
  ),
)
export type CreateApiKeyBody = Static<typeof CreateApiKeyBody>
