import { type Static, Type } from 'typebox'
import { component, nullable, pageOf, pageQuery, Timestamp } from './schema-parts.ts'

/** One file of the tenant’s bucket. */
export const FileObject = component(
  'FileObject',
  Type.Object(
    {
      path: Type.String({ examples: ['data/train.csv'] }),
      sizeBytes: Type.Integer({ minimum: 0, examples: [1_024] }),
      sha256: nullable(
        Type.String({
          description: 'Lower-case hex; null in lists and for files other clients wrote.',
          examples: ['e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
        }),
      ),
      modifiedAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type FileObject = Static<typeof FileObject>
export const FilePage = pageOf('FilePage', FileObject)

/** A file with a link that reads exactly it. */
export const FileDownload = component(
  'FileDownload',
  Type.Object(
    {
      ...FileObject.properties,
      downloadUrl: Type.String({
        description: 'Reads this file until `downloadUrlExpiresAt`, without a token.',
        examples: ['http://127.0.0.1:9000/leasehold-ten-acme/data/train.csv?X-Amz-…'],
      }),
      downloadUrlExpiresAt: Timestamp,
    },
    { additionalProperties: false },
  ),
)
export type FileDownload = Static<typeof FileDownload>

export const ListFilesQuery = Type.Object(
  {
    ...pageQuery,
    prefix: Type.Optional(
      Type.String({ maxLength: 900, pattern: '^[^\\u0000-\\u001f\\u007f\\\\]*$', default: '' }),
    ),
  },
  { additionalProperties: false },
)

export const FileParams = Type.Object(
  { '*': Type.String({ minLength: 1, maxLength: 2_700, description: 'Path in the bucket.' }) },
  { additionalProperties: false },
)
