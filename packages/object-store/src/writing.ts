import { Readable } from 'node:stream'
import { CopyObjectCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { Log, ObjectStore, StoredObject } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'
import { type CheckedBody, checkBody } from './checked-body.ts'
import { limited } from './s3-client.ts'
import { isMissing, s3ErrorName, translated } from './s3-errors.ts'

export type S3Writer = {
  readonly client: S3Client
  readonly log: Log
  readonly singlePutBytes: number
}
type PutFacts = Parameters<ObjectStore['put']>[3]

/** The object's metadata that holds its SHA-256; on the wire `x-amz-meta-leasehold-sha256`. */
const hashName = 'leasehold-sha256'
const maxParts = 10_000
/** S3 copies no more in one request; a larger object stays without its hash unless it was announced. */
const largestCopyBytes = 5 * 1_073_741_824
const smallestPartBytes = 8 * 1_048_576
/** No piece of the body for so long means that its sender is gone. */
const senderSilenceMs = 60_000

/** Implements `put`. Holds at most a few parts of the body in memory, whatever its size. */
export async function writeObject(
  s3: S3Writer,
  bucket: string,
  path: string,
  body: AsyncIterable<Uint8Array>,
  facts: PutFacts,
  signal: AbortSignal,
): Promise<StoredObject> {
  // Some stores keep a name with a slash at its end as a folder, without the content.
  if (path.endsWith('/'))
    throw new DomainError('file/path-invalid', 'A path that ends with a slash names a folder.')
  const checked = checkBody(withSilenceLimit(body, signal), facts)
  const stored = await translated(s3, 'put', signal, async () => {
    try {
      const etag = await send(s3, bucket, path, checked, facts, signal)
      const sha256 = checked.sha256()
      if (facts.sha256 === null) await noteHash(s3, bucket, path, etag, sha256, facts, signal)
      return { path, sizeBytes: facts.sizeBytes, sha256, modifiedAt: Date.now() }
    } catch (error) {
      // The store only says that the body broke off; why it did was found here.
      if (checked.fault() !== null) return null
      if (isMissing(error)) throw bucketMissing()
      if (s3ErrorName(error).endsWith('QuotaExceeded')) throw bucketFull()
      if (nameTaken.includes(s3ErrorName(error))) throw nameInTheWay()
      throw error
    }
  })
  if (stored === null) throw checked.fault()
  return stored
}

/** What `head` and `get` say about an object. */
export function storedObject(
  path: string,
  answer: {
    readonly ContentLength?: number | undefined
    readonly LastModified?: Date | undefined
    readonly Metadata?: Readonly<Record<string, string>> | undefined
  },
): StoredObject {
  const hash = answer.Metadata?.[hashName]
  return {
    path,
    sizeBytes: answer.ContentLength ?? 0,
    sha256: hash !== undefined && /^[0-9a-f]{64}$/.test(hash) ? hash : null,
    modifiedAt: answer.LastModified?.getTime() ?? 0,
  }
}

async function send(
  { client, singlePutBytes }: S3Writer,
  bucket: string,
  path: string,
  checked: CheckedBody,
  { sizeBytes, contentType, sha256 }: PutFacts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const params = {
    Bucket: bucket,
    Key: path,
    ContentType: contentType,
    ...(sha256 === null ? {} : { Metadata: { [hashName]: sha256.toLowerCase() } }),
  }
  const body = Readable.from(checked.chunks, { objectMode: false })
  // The SDK does not watch its body: one that breaks off would leave the request waiting, and our process dying.
  const broken = new AbortController()
  body.on('error', (error) => broken.abort(error))
  const stopped = AbortSignal.any([signal, broken.signal])
  if (sizeBytes <= singlePutBytes) {
    const command = new PutObjectCommand({ ...params, Body: body, ContentLength: sizeBytes })
    return (await client.send(command, { abortSignal: stopped })).ETag
  }
  const upload = new Upload({
    client,
    params: { ...params, Body: body },
    queueSize: 2,
    partSize: Math.max(smallestPartBytes, Math.ceil(sizeBytes / (maxParts - 1))),
    leavePartsOnError: false,
  })
  const abort = () => void upload.abort().catch(() => {})
  stopped.addEventListener('abort', abort, { once: true })
  try {
    return (await upload.done()).ETag
  } finally {
    stopped.removeEventListener('abort', abort)
  }
}

/**
 * Metadata is sent before the body, a hash is known after it: so it is added by copying the object onto
 * itself, which stores do without moving the content. Only if it is still ours: the entity tag says so.
 */
async function noteHash(
  { client, log }: S3Writer,
  bucket: string,
  path: string,
  etag: string | undefined,
  sha256: string,
  { contentType, sizeBytes }: PutFacts,
  signal: AbortSignal,
): Promise<void> {
  if (etag === undefined || sizeBytes > largestCopyBytes) return
  try {
    await client.send(
      new CopyObjectCommand({
        Bucket: bucket,
        Key: path,
        CopySource: `${bucket}/${path.split('/').map(encodeURIComponent).join('/')}`,
        CopySourceIfMatch: etag,
        MetadataDirective: 'REPLACE',
        Metadata: { [hashName]: sha256 },
        ContentType: contentType,
      }),
      limited(signal, 60_000),
    )
  } catch (error) {
    // The object is stored and whole; only later readers will not be told its hash.
    log.warn({ call: 'note-hash', reason: s3ErrorName(error) }, 'object stored without its hash')
  }
}

/** What stores on a file system say, where `a` and `a/b` cannot be there together. */
const nameTaken = ['ObjectParentIsFile', 'ExistingObjectIsDirectory']

function nameInTheWay(): DomainError {
  return new DomainError(
    'file/path-invalid',
    'A file and a folder cannot have the same name in this object store. Choose another name, or remove the file that is in the way.',
  )
}

function bucketFull(): DomainError {
  return new DomainError(
    'quota/exceeded',
    'Your bucket is full. Nothing was stored; remove files you no longer need, or ask the operator for more room.',
  )
}

function bucketMissing(): DomainError {
  return new DomainError(
    'service/unavailable',
    'Your bucket is not ready yet. Nothing was stored; try again in a moment.',
  )
}

async function* withSilenceLimit(
  body: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const pieces = body[Symbol.asyncIterator]()
  try {
    for (;;) {
      const piece = await nextPiece(pieces, signal)
      if (piece.done === true) return
      yield piece.value
    }
  } finally {
    // Not awaited: a source that hangs would hang in here, too.
    void Promise.resolve(pieces.return?.()).catch(() => {})
  }
}

async function nextPiece(
  pieces: AsyncIterator<Uint8Array>,
  signal: AbortSignal,
): Promise<IteratorResult<Uint8Array>> {
  const { promise: ended, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(senderSilent()), senderSilenceMs)
  const abort = () => reject(signal.reason)
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([pieces.next(), ended])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

function senderSilent(): DomainError {
  return new DomainError(
    'request/invalid',
    `No byte came for ${senderSilenceMs / 1_000} seconds. Nothing was stored; send the whole file again.`,
  )
}
