import {
  AbortMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  type S3Client,
} from '@aws-sdk/client-s3'
import { limited } from './s3-client.ts'
import { isMissing } from './s3-errors.ts'

/** Implements `remove`: S3 answers the same whether there was something or not, so it is asked before. */
export async function removeObject(
  client: S3Client,
  bucket: string,
  path: string,
  signal: AbortSignal,
): Promise<boolean> {
  const target = { Bucket: bucket, Key: path }
  try {
    await client.send(new HeadObjectCommand(target), limited(signal))
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
  await client.send(new DeleteObjectCommand(target), limited(signal))
  return true
}

/** Implements `removeBucket`. May be repeated after a failure; a bucket that is gone is success. */
export async function removeBucket(
  client: S3Client,
  bucket: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await removeUploads(client, bucket, signal)
    while (await removePage(client, bucket, signal));
    await client.send(new DeleteBucketCommand({ Bucket: bucket }), limited(signal, 30_000))
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

/** Removes up to a thousand objects; `false` when there were none. */
async function removePage(client: S3Client, bucket: string, signal: AbortSignal): Promise<boolean> {
  const page = await client.send(new ListObjectsV2Command({ Bucket: bucket }), limited(signal))
  const objects = (page.Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [{ Key }]))
  if (objects.length === 0) return false
  const command = new DeleteObjectsCommand({
    Bucket: bucket,
    Delete: { Objects: objects, Quiet: true },
  })
  const { Errors = [] } = await client.send(command, limited(signal, 60_000))
  if (Errors.length > 0) throw new Error(`${Errors.length} objects stayed: ${Errors[0]?.Code}`)
  return true
}

async function removeUploads(client: S3Client, bucket: string, signal: AbortSignal): Promise<void> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket }),
    limited(signal),
  )
  for (const { Key, UploadId } of Uploads)
    await client.send(
      new AbortMultipartUploadCommand({ Bucket: bucket, Key, UploadId }),
      limited(signal),
    )
}
