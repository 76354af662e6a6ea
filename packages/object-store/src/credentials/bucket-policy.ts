import type { BucketRights } from '@leasehold/application'

/** `plain` is for stores that know few actions and no denial (SeaweedFS): such a key only reads. */
export type PolicyLanguage = 'full' | 'plain'

/** What keys made in this language may be asked for. */
export const rightsIn: Readonly<Record<PolicyLanguage, readonly BucketRights[]>> = {
  full: ['read', 'read-write'],
  plain: ['read'],
}

/** What a key of one bucket may do, in AWS's policy language (version 2012-10-17). */
export function bucketPolicy(
  bucket: string,
  rights: BucketRights,
  language: PolicyLanguage,
): string {
  const arn = `arn:aws:s3:::${bucket}`
  const looking =
    language === 'full' ? ['s3:ListBucket', 's3:GetBucketLocation'] : ['s3:ListBucket']
  const reading = [allow(['s3:GetObject'], [`${arn}/*`]), allow(looking, [arn])]
  const Statement = rights === 'read' ? reading : [...reading, ...writing(arn)]
  return JSON.stringify({ Version: '2012-10-17', Statement })
}

function writing(arn: string) {
  const uploads = ['s3:AbortMultipartUpload', 's3:ListMultipartUploadParts']
  return [
    allow(['s3:PutObject', 's3:DeleteObject', ...uploads], [`${arn}/*`]),
    allow(['s3:ListBucketMultipartUploads'], [arn]),
    // What ran and what it gave is the platform's record; renters read it.
    { ...allow(['s3:PutObject', 's3:DeleteObject'], [`${arn}/tasks/*`]), Effect: 'Deny' },
  ]
}

function allow(Action: readonly string[], Resource: readonly string[]) {
  return { Effect: 'Allow', Action, Resource }
}
