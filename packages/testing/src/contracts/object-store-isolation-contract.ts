import { once } from 'node:events'
import { request } from 'node:http'
import { request as requestSecurely } from 'node:https'
import type { ObjectStore } from '@leasehold/application'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

type Key = { readonly accessKeyId: string; readonly secretAccessKey: string }

export type ObjectStoreIsolationOptions = {
  readonly endpoint: () => string
  /** Opens a client with the platform's key, or with another one. */
  readonly open: (key?: Key) => ObjectStore
  readonly platformKey: () => Key
}

const mine = 'leasehold-isolated-a'
const theirs = 'leasehold-isolated-b'
const { signal } = new AbortController()
const secret = 'nobody else may read this'

/** That tenants are kept apart by the server itself, whatever our code does. Real servers only. */
export function objectStoreIsolationContract(
  name: string,
  { endpoint, open, platformKey }: ObjectStoreIsolationOptions,
): void {
  describe(`isolation of the object store: ${name}`, () => {
    let store: ObjectStore
    beforeAll(async () => {
      store = open()
      for (const bucket of [mine, theirs]) {
        await store.ensureBucket(bucket, signal)
        await write(store, bucket, 'file.txt')
        await write(store, bucket, 'other.txt')
      }
    })
    afterAll(async () => {
      for (const bucket of [mine, theirs]) await store.removeBucket(bucket, signal)
    })

    it('tells nothing without a signature, about objects, buckets or itself', async () => {
      for (const path of ['/', `/${mine}`, `/${mine}/file.txt`, `/${mine}/none`, '/?list-type=2'])
        for (const method of ['GET', 'PUT', 'DELETE', 'POST'])
          expect({ method, path, ...(await ask(`${endpoint()}${path}`, method)) }).toMatchObject({
            refused: true,
            leaked: false,
          })
    })

    it('refuses an unknown key and a wrong secret', async () => {
      const { accessKeyId, secretAccessKey } = platformKey()
      const strangers = [
        { accessKeyId: 'LHSTRANGER0000000000', secretAccessKey },
        { accessKeyId, secretAccessKey: `${secretAccessKey.slice(1)}x` },
      ]
      for (const key of strangers) {
        const stranger = open(key)
        await expect(stranger.check(signal)).rejects.toMatchObject({ code: 'service/unavailable' })
        await expect(stranger.head(mine, 'file.txt', signal)).rejects.toThrow()
        await expect(write(stranger, mine, 'planted.txt')).rejects.toThrow()
      }
      expect(await store.head(mine, 'planted.txt', signal)).toBeNull()
    })

    it('lets a link read its object, as a download', async () => {
      const link = await store.presignGet(mine, 'file.txt', 60)

      expect(await ask(link)).toMatchObject({
        status: 200,
        leaked: true,
        disposition: 'attachment',
      })
    })

    it('refuses a link that was bent to another object, bucket, time, key or method', async () => {
      const link = new URL(await store.presignGet(mine, 'file.txt', 60))
      const bend = (change: (url: URL) => void) => {
        const url = new URL(link)
        change(url)
        return url.toString()
      }
      const set = (field: string, value: string) =>
        bend((url) => url.searchParams.set(field, value))
      const bent = [
        bend((url) => {
          url.pathname = `/${mine}/other.txt`
        }),
        bend((url) => {
          url.pathname = `/${theirs}/file.txt`
        }),
        set('X-Amz-Expires', '604800'),
        set('X-Amz-Signature', '0'.repeat(64)),
        set(
          'X-Amz-Credential',
          link.searchParams.get('X-Amz-Credential')?.replace(/^./, 'Z') ?? '',
        ),
        set('response-content-disposition', 'inline'),
        bend((url) => url.searchParams.delete('X-Amz-Signature')),
      ]

      for (const url of bent)
        expect({ url, ...(await ask(url)) }).toMatchObject({ refused: true, leaked: false })
      for (const method of ['PUT', 'DELETE'])
        expect(await ask(link.toString(), method)).toMatchObject({ status: 403 })
    })

    it('refuses a link whose time is over', async () => {
      const link = await store.presignGet(mine, 'file.txt', 1)

      await expect
        .poll(async () => (await ask(link)).status, { timeout: 10_000, interval: 200 })
        .toBe(403)
    })
  })
}

async function write(store: ObjectStore, bucket: string, path: string): Promise<void> {
  async function* body() {
    yield Buffer.from(secret)
  }
  const facts = { sizeBytes: secret.length, contentType: 'text/plain', sha256: null }
  await store.put(bucket, path, body(), facts, signal)
}

/** A plain request: no client of the store's, so no help from one. */
async function ask(url: string, method = 'GET') {
  const send = url.startsWith('https:') ? requestSecurely : request
  const asking = send(url, { method, timeout: 10_000 })
  asking.end()
  const [answer] = await once(asking, 'response')
  let text = ''
  for await (const piece of answer as AsyncIterable<Buffer>) text += piece.toString()
  return {
    status: answer.statusCode as number,
    /** As S3 says it: forbidden, malformed, no such method there, or a form without its fields. */
    refused: [400, 403, 405, 412].includes(answer.statusCode),
    leaked: text.includes(secret),
    disposition: answer.headers['content-disposition'] as string | undefined,
  }
}
