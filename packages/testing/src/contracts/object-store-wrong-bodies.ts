import type { ObjectStore } from '@leasehold/application'
import { describe, expect, it } from 'vitest'
import { bytes, pieces } from './object-bytes.ts'

type Put = (path: string, content: Uint8Array, sha256?: string | null) => Promise<unknown>

const { signal } = new AbortController()

/** The part of the object store contract about bodies that are short, long, other, broken or silent. */
export function wrongBodiesContract(open: () => ObjectStore, bucket: string, put: Put): void {
  describe('a body that is not what was announced', () => {
    it.each([
      ['shorter', 99, null, 'request/invalid'],
      ['longer', 101, null, 'request/invalid'],
      ['other', 100, '0'.repeat(64), 'file/checksum-mismatch'],
    ])('is refused when it is %s, and leaves no object', async (_how, size, sha256, code) => {
      const facts = { sizeBytes: 100, contentType: 'text/plain', sha256 }

      const storing = open().put(bucket, 'bad', pieces(bytes(size), 10), facts, signal)

      await expect(storing).rejects.toMatchObject({ code })
      expect(await open().head(bucket, 'bad', signal)).toBeNull()
    })

    it('leaves an older object as it was', async () => {
      await put('data.bin', bytes(10))

      await expect(put('data.bin', bytes(50), '0'.repeat(64))).rejects.toThrow()

      expect(await open().head(bucket, 'data.bin', signal)).toMatchObject({ sizeBytes: 10 })
    })

    it('gives the error of a source that breaks off, and leaves no object', async () => {
      async function* breaking() {
        yield bytes(50)
        throw new Error('the client went away')
      }
      const facts = { sizeBytes: 100, contentType: 'text/plain', sha256: null }

      const storing = open().put(bucket, 'bad', breaking(), facts, signal)

      await expect(storing).rejects.toThrow('the client went away')
      expect(await open().head(bucket, 'bad', signal)).toBeNull()
    })

    it('ends when its caller aborts, although the source says nothing', async () => {
      const aborting = new AbortController()
      async function* silent() {
        yield bytes(50)
        aborting.abort(new Error('caller is gone'))
        await new Promise(() => {})
      }
      const facts = { sizeBytes: 100, contentType: 'text/plain', sha256: null }

      const storing = open().put(bucket, 'bad', silent(), facts, aborting.signal)

      await expect(storing).rejects.toThrow('caller is gone')
      expect(await open().head(bucket, 'bad', signal)).toBeNull()
    })

    it('is refused where the name ends with a slash', async () => {
      await expect(put('folder/', bytes(1))).rejects.toMatchObject({ code: 'file/path-invalid' })
    })
  })
}
