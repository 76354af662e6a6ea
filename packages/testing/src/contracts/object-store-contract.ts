import type { ObjectStore } from '@leasehold/application'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { bytes, collect, pieces, sha256Of } from './object-bytes.ts'
import { wrongBodiesContract } from './object-store-wrong-bodies.ts'

export type ObjectStoreContractOptions = {
  /** A client of one and the same store. */
  readonly open: () => Promise<ObjectStore>
  /**
   * Whether `a` and `a/b` can be there together, as S3 says. MinIO leaves `a/b` out of lists until `a`
   * is gone, and stores on a file system refuse it with `file/path-invalid`.
   */
  readonly nestedNames?: 'kept' | 'hidden' | 'refused'
}

const mebibyte = 1_048_576
const bucket = 'leasehold-contract-a'
const otherBucket = 'leasehold-contract-b'
const { signal } = new AbortController()

/** What every object store promises, fake or real. */
export function objectStoreContract(
  name: string,
  { open, nestedNames = 'kept' }: ObjectStoreContractOptions,
): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore
    beforeAll(async () => {
      store = await open()
    })
    beforeEach(async () => {
      for (const one of [bucket, otherBucket]) {
        await store.removeBucket(one, signal)
        await store.ensureBucket(one, signal)
      }
    })
    afterAll(async () => {
      for (const one of [bucket, otherBucket]) await store.removeBucket(one, signal)
    })

    const put = (path: string, content: Uint8Array, sha256: string | null = null) =>
      store.put(
        bucket,
        path,
        pieces(content, 64 * 1_024),
        { sizeBytes: content.byteLength, contentType: 'text/plain', sha256 },
        signal,
      )

    describe('a stored object', () => {
      it.each([0, 1, 65_536, 65_537, 25 * mebibyte])(
        'of %i bytes comes back as it was, with its SHA-256',
        async (size) => {
          const content = bytes(size)

          const stored = await put('data.bin', content)

          const found = await store.get(bucket, 'data.bin', signal)
          expect(stored).toMatchObject({ sizeBytes: size, sha256: sha256Of(content) })
          expect(found?.object).toMatchObject({ sizeBytes: size, sha256: sha256Of(content) })
          expect(sha256Of(await collect(found?.body))).toBe(sha256Of(content))
        },
      )

      it('keeps its hash when it was announced, in either case of letters', async () => {
        const hash = sha256Of(bytes(10))

        await put('data.bin', bytes(10), hash.toUpperCase())

        expect(await store.head(bucket, 'data.bin', signal)).toMatchObject({ sha256: hash })
      })

      it('replaces an older one with its facts', async () => {
        await put('data.bin', bytes(10))

        await put('data.bin', bytes(20))

        expect(await store.head(bucket, 'data.bin', signal)).toMatchObject({
          sizeBytes: 20,
          sha256: sha256Of(bytes(20)),
        })
      })

      it('is always one of those written at the same time, whole, and never with another’s hash', async () => {
        const contents = [1, 2, 3, 4, 5, 6, 7, 8].map((size) => bytes(size * 10_000))

        await Promise.all(contents.map((content) => put('data.bin', content)))

        const found = await store.get(bucket, 'data.bin', signal)
        const hash = sha256Of(await collect(found?.body))
        expect(contents.map(sha256Of)).toContain(hash)
        expect([hash, null]).toContain(found?.object.sha256)
      })

      it.each([
        'a b',
        'ü/ß/😀',
        'p+q%20r',
        'q?x=1&y#z',
        '.hidden',
        '..two',
        'quote"\'<&>',
        '*|~',
        `${'d/'.repeat(50)}deep`,
      ])('may be called %j', async (path) => {
        await put(path, Buffer.from(path))

        const found = await store.get(bucket, path, signal)
        expect((await collect(found?.body)).toString()).toBe(path)
        const listed = await store.list(bucket, '', null, 10, signal)
        expect(listed.objects.map((object) => object.path)).toEqual([path])
        expect(await store.remove(bucket, path, signal)).toBe(true)
      })

      if (nestedNames === 'refused')
        it('is refused where a file has the name of its folder', async () => {
          await put('a', bytes(1))

          await expect(put('a/b', bytes(2))).rejects.toMatchObject({ code: 'file/path-invalid' })
        })
      else
        it('may have a name that is the beginning of another’s', async () => {
          await put('a', bytes(1))
          await put('a/b', bytes(2))

          expect(await store.remove(bucket, 'a', signal)).toBe(true)

          expect(await store.head(bucket, 'a/b', signal)).toMatchObject({ sizeBytes: 2 })
        })
    })

    wrongBodiesContract(() => store, bucket, put)

    describe('what is not there', () => {
      it('is null to read, and false to remove', async () => {
        expect(await store.get(bucket, 'none', signal)).toBeNull()
        expect(await store.head(bucket, 'none', signal)).toBeNull()
        expect(await store.remove(bucket, 'none', signal)).toBe(false)
      })

      it('is null, empty or gone also in a bucket that does not exist', async () => {
        await store.removeBucket(otherBucket, signal)

        expect(await store.get(otherBucket, 'x', signal)).toBeNull()
        expect(await store.list(otherBucket, '', null, 5, signal)).toEqual({
          objects: [],
          more: false,
        })
        await expect(store.removeBucket(otherBucket, signal)).resolves.toBeUndefined()
      })
    })

    describe('a list', () => {
      it('gives every object once, page by page, with its size and without its hash', async () => {
        const nested = nestedNames === 'kept' ? ['a'] : []
        const paths = [...nested, 'a/1', 'a/2', 'a-b', 'a.b', 'b/c/d', 'z', '😀']
        for (const path of paths) await put(path, Buffer.from(path))

        const found: string[] = []
        let more = true
        while (more) {
          const page = await store.list(bucket, '', found.at(-1) ?? null, 3, signal)
          expect(page.objects.length).toBeLessThanOrEqual(3)
          for (const { path, sizeBytes, sha256 } of page.objects) {
            expect({ sizeBytes, sha256 }).toEqual({
              sizeBytes: Buffer.byteLength(path),
              sha256: null,
            })
            found.push(path)
          }
          more = page.more
        }

        expect([...found].sort()).toEqual([...paths].sort())
      })

      it('holds only what begins with the prefix, and nothing of another bucket', async () => {
        for (const path of ['in/1', 'in/2', 'inside', 'out/1']) await put(path, bytes(1))

        const { objects } = await store.list(bucket, 'in/', null, 10, signal)

        expect(objects.map((object) => object.path)).toEqual(['in/1', 'in/2'])
        expect((await store.list(otherBucket, '', null, 10, signal)).objects).toEqual([])
      })
    })

    describe('a bucket', () => {
      it('may be asked for by many at once', async () => {
        await store.removeBucket(bucket, signal)

        await Promise.all(Array.from({ length: 8 }, () => store.ensureBucket(bucket, signal)))

        await expect(put('x', bytes(1))).resolves.toMatchObject({ sizeBytes: 1 })
      })

      it('is removed with everything in it', async () => {
        for (let count = 0; count < 12; count += 1) await put(`many/${count}`, bytes(1))

        await store.removeBucket(bucket, signal)
        await store.ensureBucket(bucket, signal)

        expect((await store.list(bucket, '', null, 5, signal)).objects).toEqual([])
      })
    })

    it.each([0, -1, 901, Number.NaN])('gives no link that lives %d seconds', async (seconds) => {
      await expect(store.presignGet(bucket, 'x', seconds)).rejects.toThrow(RangeError)
    })

    it('answers when asked whether it is well, and not to a caller that is gone', async () => {
      await expect(store.check(signal)).resolves.toBeUndefined()
      await expect(store.check(AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
    })
  })
}
