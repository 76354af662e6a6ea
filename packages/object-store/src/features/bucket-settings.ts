import type { BucketLifecycleConfiguration, CORSRule } from '@aws-sdk/client-s3'

/** Parts of uploads that nobody ended are removed after a day. */
export const uploadExpiry: BucketLifecycleConfiguration = {
  Rules: [
    {
      ID: 'leasehold-unfinished-uploads',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 },
    },
  ],
}

/** Web pages of these origins may read and write with links and keys that they were given. */
export function corsRules(origins: readonly string[]): CORSRule[] {
  return [
    {
      AllowedOrigins: [...origins],
      AllowedMethods: ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag', 'x-amz-meta-leasehold-sha256'],
      MaxAgeSeconds: 600,
    },
  ]
}
