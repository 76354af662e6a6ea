import { type Static, Type } from 'typebox'
import { component, nullable, Timestamp } from './schema-parts.ts'

export const FileCredentialsBody = component(
  'FileCredentialsBody',
  Type.Object(
    {
      access: Type.Optional(
        Type.Union([Type.Literal('read'), Type.Literal('read-write')], {
          default: 'read',
          description:
            '`read-write` needs the permission `files:write`, and a store that can limit it.',
        }),
      ),
      expiresInSeconds: Type.Optional(Type.Integer({ minimum: 900, maximum: 3_600, default: 900 })),
    },
    { additionalProperties: false },
  ),
)

/** What an S3 client needs to reach the tenant’s bucket by itself. */
export const FileCredentials = component(
  'FileCredentials',
  Type.Object(
    {
      endpoint: Type.String({
        description: 'Use it with paths instead of host names (“path style”).',
        examples: ['https://objects.example.org'],
      }),
      region: Type.String({ examples: ['us-east-1'] }),
      bucket: Type.String({ examples: ['leasehold-ten-acme'] }),
      accessKeyId: Type.String(),
      secretAccessKey: Type.String(),
      sessionToken: nullable(Type.String({ description: 'Null where the key works without one.' })),
      access: Type.Union([Type.Literal('read'), Type.Literal('read-write')]),
      expiresAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type FileCredentials = Static<typeof FileCredentials>
