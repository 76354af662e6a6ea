import { type Static, Type } from 'typebox'
import { component, id, nullable, oneOf } from './schema-parts.ts'

export const memberRoleNames = ['owner', 'member', 'viewer', 'billing'] as const

/** Who the caller is and what they may act for. */
export const Me = component(
  'Me',
  Type.Object(
    {
      subject: Type.String({ examples: ['7a1c9f0e-olivia'] }),
      email: nullable(Type.String({ examples: ['olivia@acme.example'] })),
      name: nullable(Type.String({ examples: ['Olivia Owner'] })),
      tenant: Type.Object(
        {
          id: id('ten_acme'),
          slug: Type.String({ examples: ['acme'] }),
          name: Type.String({ examples: ['Acme'] }),
          suspended: Type.Boolean(),
        },
        { additionalProperties: false, description: 'The tenant this request acts for.' },
      ),
      role: oneOf(memberRoleNames),
      permissions: Type.Array(Type.String({ examples: ['leases:write'] }), {
        description: 'What the role allows, and the API key if one is used.',
      }),
      tenants: Type.Array(
        Type.Object(
          { slug: Type.String({ examples: ['acme'] }), role: oneOf(memberRoleNames) },
          { additionalProperties: false },
        ),
        { description: 'All tenants of the caller; name one with the header `Leasehold-Tenant`.' },
      ),
    },
    { additionalProperties: false },
  ),
)
export type Me = Static<typeof Me>
