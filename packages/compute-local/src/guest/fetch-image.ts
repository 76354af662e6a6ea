import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { open, stat } from 'node:fs/promises'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ProgramFailed, runProgram } from '../programs/run-program.ts'
import { type ImageProgress, ImageUnavailable } from './image-unavailable.ts'

/** The largest image file that is taken, in bytes. */
export const maxImageBytes = 16 * 1_024 ** 3
const stallMs = 60_000

/**
 * Copies an image from a file or an https address to `path` and gives the SHA-256 of its content as
 * hex. Streams; an address that sends nothing for a minute, redirects away from https, or sends more
 * than `maxBytes` is given up. Throws `ImageUnavailable`.
 */
export async function fetchImage(
  source: string,
  path: string,
  progress: ImageProgress,
  signal: AbortSignal,
  maxBytes = maxImageBytes,
): Promise<string> {
  const isAddress = /^[a-z][a-z0-9+.-]*:\/\//i.test(source)
  const { body, sizeBytes } = isAddress ? await openAddress(source, signal) : await openFile(source)
  if (sizeBytes !== null && sizeBytes > maxBytes) throw tooLarge(maxBytes)
  const hash = createHash('sha256')
  let gotBytes = 0
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      gotBytes += chunk.length
      if (gotBytes > maxBytes) return done(tooLarge(maxBytes))
      hash.update(chunk)
      progress(`fetching the image: ${describe(gotBytes, sizeBytes)}`)
      done(null, chunk)
    },
  })
  try {
    await pipeline(body, count, createWriteStream(path, { mode: 0o600 }), { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw explain(error)
  }
  if (sizeBytes !== null && gotBytes !== sizeBytes)
    throw new ImageUnavailable('download-failed', 'The image ended early; try again.')
  return hash.digest('hex')
}

/** What `qemu-img` says about a disk image; refuses what is not qcow2 or raw and what refers to other files. */
export async function examineImage(
  path: string,
  signal: AbortSignal,
): Promise<{ format: 'qcow2' | 'raw'; virtualSizeMiB: number }> {
  const refuse = (why: string) => new ImageUnavailable('not-an-image', why)
  try {
    const args = ['info', '--output=json', path]
    const output = await runProgram('qemu-img', args, { timeoutMs: 30_000, signal })
    const facts = JSON.parse(output) as Record<string, unknown>
    const format = facts.format
    if (format !== 'qcow2' && format !== 'raw') throw refuse('The image is neither qcow2 nor raw.')
    if (typeof facts['backing-filename'] === 'string')
      throw refuse('The image is an overlay on another file; flatten it with `qemu-img convert`.')
    if (JSON.stringify(facts['format-specific'] ?? {}).includes('"data-file"'))
      throw refuse('The image keeps its data in another file; flatten it with `qemu-img convert`.')
    const virtualSizeMiB = Math.ceil(Number(facts['virtual-size']) / 1_048_576)
    if (!(virtualSizeMiB >= 1)) throw refuse('The image is empty.')
    // Everything is a raw image to qemu-img; one that can boot has a boot sector.
    if (format === 'raw' && !(await hasBootSector(path)))
      throw refuse('The image is not qcow2, and as a raw disk it has no boot sector.')
    return { format, virtualSizeMiB }
  } catch (error) {
    if (!(error instanceof ProgramFailed)) throw error
    if (error.why === 'missing')
      throw new ImageUnavailable('tools-missing', 'qemu-img is missing: apt-get install qemu-utils')
    throw refuse('qemu-img cannot read the image; it is broken or of another kind.')
  }
}

async function hasBootSector(path: string): Promise<boolean> {
  await using file = await open(path, 'r')
  const { buffer, bytesRead } = await file.read(Buffer.alloc(2), 0, 2, 510)
  return bytesRead === 2 && buffer.readUInt16BE(0) === 0x55aa
}

type Source = { readonly body: AsyncIterable<Uint8Array>; readonly sizeBytes: number | null }

async function openFile(path: string): Promise<Source> {
  try {
    const facts = await stat(path)
    if (!facts.isFile()) throw new ImageUnavailable('not-an-image', `${path} is not a file.`)
    return { body: createReadStream(path), sizeBytes: facts.size }
  } catch (error) {
    if (error instanceof ImageUnavailable) throw error
    const code = (error as NodeJS.ErrnoException).code
    throw new ImageUnavailable('not-an-image', `The image ${path} cannot be read (${code}).`)
  }
}

async function openAddress(address: string, signal: AbortSignal): Promise<Source> {
  if (!URL.canParse(address) || new URL(address).protocol !== 'https:')
    throw new ImageUnavailable('download-failed', 'Images are fetched by https:// only.')
  try {
    const response = await fetch(address, { signal, redirect: 'follow' })
    if (!response.ok || response.body === null)
      throw new ImageUnavailable('download-failed', `The server answered ${response.status}.`)
    if (new URL(response.url).protocol !== 'https:')
      throw new ImageUnavailable('download-failed', 'The server redirected away from https.')
    const length = response.headers.get('content-length')
    return {
      body: unlessStalled(response.body),
      sizeBytes: length === null ? null : Number(length),
    }
  } catch (error) {
    signal.throwIfAborted()
    throw explain(error)
  }
}

async function* unlessStalled(body: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = body.getReader()
  try {
    for (;;) {
      const { promise: stalled, reject } = Promise.withResolvers<never>()
      const timer = setTimeout(
        () => reject(new ImageUnavailable('download-failed', 'The server sends nothing any more.')),
        stallMs,
      )
      const piece = await Promise.race([reader.read(), stalled]).finally(() => clearTimeout(timer))
      if (piece.done) return
      yield piece.value
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}

function tooLarge(maxBytes: number): ImageUnavailable {
  const gibibytes = (maxBytes / 1_024 ** 3).toFixed(1)
  return new ImageUnavailable('too-large', `The image is larger than ${gibibytes} GiB.`)
}

function explain(error: unknown): Error {
  if (error instanceof ImageUnavailable) return error
  const code = (error as NodeJS.ErrnoException).code
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ImageUnavailable('disk-full', 'The disk filled up while the image was fetched.')
  const detail = error instanceof Error ? error.message : 'no reason given'
  return new ImageUnavailable('download-failed', `The image could not be fetched: ${detail}`)
}

function describe(gotBytes: number, sizeBytes: number | null): string {
  const mebibytes = Math.floor(gotBytes / 1_048_576)
  if (sizeBytes === null) return `${mebibytes} MiB`
  return `${mebibytes} of ${Math.ceil(sizeBytes / 1_048_576)} MiB`
}
