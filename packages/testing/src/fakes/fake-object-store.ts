import { createHash } from 'node:crypto'
import type { Clock, ObjectStore, StoredObject } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'

type Entry = { readonly object: StoredObject; readonly bytes: Uint8Array }

export type FakeObjectStore = ObjectStore & {
  /** The content of an object as text; null when there is none. */
  text(bucket: string, path: string): string | null
  paths(bucket: string): readonly string[]
  /** In bytes, as was said last; undefined: nothing was said. */
  limitOf(bucket: string): number | null | undefined
}

/** Buckets in memory. `pieceBytes` is how large the pieces of a body are, so that readers meet more than one. */
export function fakeObjectStore(clock: Clock, pieceBytes = 65_536): FakeObjectStore {
  const buckets = new Map<string, Map<string, Entry>>()
  const limits = new Map<string, number | null>()
  const open = (bucket: string): Map<string, Entry> => {
    const entries = buckets.get(bucket)
    if (entries === undefined)
      throw new DomainError('service/unavailable', 'The bucket is not there yet; try again.')
    return entries
  }
  const sorted = (bucket: string) =>
    [...(buckets.get(bucket)?.values() ?? [])].sort((left, right) =>
      Buffer.compare(Buffer.from(left.object.path), Buffer.from(right.object.path)),
    )
  return {
    async ensureBucket(bucket) {
      if (!buckets.has(bucket)) buckets.set(bucket, new Map())
    },
    async limitBucket(bucket, bytes) {
      limits.set(bucket, bytes)
      return 'limited'
    },
    limitOf: (bucket) => limits.get(bucket),
    async removeBucket(bucket) {
      buckets.delete(bucket)
    },
    async put(bucket, path, body, { sizeBytes, sha256 }, signal) {
      if (path.endsWith('/'))
        throw new DomainError('file/path-invalid', 'The path of a file must not end with a slash.')
      const entries = open(bucket)
      const bytes = await collect(body, sizeBytes, signal)
      const computed = createHash('sha256').update(bytes).digest('hex')
      if (sha256 !== null && sha256.toLowerCase() !== computed)
        throw new DomainError('file/checksum-mismatch', 'The content differs from its checksum.')
      const object = { path, sizeBytes, sha256: computed, modifiedAt: clock.now() }
      entries.set(path, { object, bytes })
      return object
    },
    async get(bucket, path) {
      const entry = buckets.get(bucket)?.get(path)
      return entry === undefined
        ? null
        : { object: entry.object, body: pieces(entry.bytes, pieceBytes) }
    },
    head: async (bucket, path) => buckets.get(bucket)?.get(path)?.object ?? null,
    async list(bucket, prefix, after, limit) {
      const found = sorted(bucket)
        .map((entry) => ({ ...entry.object, sha256: null }))
        .filter((object) => object.path.startsWith(prefix))
        .filter(
          (object) =>
            after === null || Buffer.compare(Buffer.from(object.path), Buffer.from(after)) > 0,
        )
      return { objects: found.slice(0, limit), more: found.length > limit }
    },
    remove: async (bucket, path) => buckets.get(bucket)?.delete(path) ?? false,
    async presignGet(bucket, path, expiresInSeconds) {
      if (!(expiresInSeconds >= 1 && expiresInSeconds <= 900))
        throw new RangeError('A link lives from 1 to 900 seconds.')
      const expires = clock.now() + expiresInSeconds * 1_000
      return `http://objects.test/${bucket}/${encodeURI(path)}?expires=${expires}`
    },
    check: async (signal) => signal.throwIfAborted(),
    text(bucket, path) {
      const entry = buckets.get(bucket)?.get(path)
      return entry === undefined ? null : Buffer.from(entry.bytes).toString()
    },
    paths: (bucket) => sorted(bucket).map((entry) => entry.object.path),
  }
}

async function collect(
  body: AsyncIterable<Uint8Array>,
  sizeBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const reading = readAll(body, sizeBytes)
  let stop = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop)
  })
  try {
    return await Promise.race([reading, aborted])
  } finally {
    signal.removeEventListener('abort', stop)
  }
}

async function readAll(body: AsyncIterable<Uint8Array>, sizeBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const part of body) {
    length += part.length
    if (length > sizeBytes) break
    parts.push(part)
  }
  if (length !== sizeBytes)
    throw new DomainError('request/invalid', `The body does not have the ${sizeBytes} bytes said.`)
  return new Uint8Array(Buffer.concat(parts))
}

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}
