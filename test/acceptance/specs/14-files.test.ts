import { createHash, randomBytes } from 'node:crypto'
import { request } from 'node:http'
import { GetObjectCommand, S3Client } from '@aws-sdk/client-s3'
import type { FileCredentials, FileDownload, FileObject } from '@leasehold/contract'
import { describe, expect, it } from 'vitest'
import type { ApiClient } from '../../../scripts/client/api-client.ts'
import { expectProblem } from '../support/problems.ts'
import { tenantApi } from '../support/target.ts'

const digestOf = (body: Uint8Array) =>
  `sha-256=:${createHash('sha256').update(body).digest('base64')}:`

describe('files', () => {
  it('come back byte for byte through a presigned link, without a token', async () => {
    const api = await tenantApi('mia')
    const body = randomBytes(3_000_000)

    const stored = await put(api, 'folder/a b+c%25 ü.bin', body, digestOf(body))
    const file = await api.get<FileDownload>(`/v1/files/${encodeURI('folder/a b+c%25 ü.bin')}`)
    const response = await fetch(file.downloadUrl)

    expect(stored).toMatchObject({ path: 'folder/a b+c%25 ü.bin', sizeBytes: body.length })
    expect(file.sha256).toBe(createHash('sha256').update(body).digest('hex'))
    expect(Buffer.from(await response.arrayBuffer()).equals(body)).toBe(true)
    expect(Date.parse(file.downloadUrlExpiresAt)).toBeLessThanOrEqual(Date.now() + 900_000)
  })

  it('cannot be read by a link that was changed', async () => {
    const api = await tenantApi('mia')
    await put(api, 'secret/one.txt', Buffer.from('one'), null)
    await put(api, 'secret/two.txt', Buffer.from('two'), null)
    const { downloadUrl } = await api.get<FileDownload>('/v1/files/secret/one.txt')

    const other = await fetch(downloadUrl.replace('one.txt', 'two.txt'))
    const unsigned = await fetch(downloadUrl.split('?')[0] ?? '')

    expect([other.status, unsigned.status]).toEqual([403, 403])
  })

  it('are listed below a prefix, page by page, in order of path', async () => {
    const api = await tenantApi('mia')
    const paths = Array.from({ length: 5 }, (_, n) => `pages/${n}.txt`)
    for (const path of paths) await put(api, path, Buffer.from(path), null)

    const seen: string[] = []
    let query = '?prefix=pages/&limit=2'
    for (let page = 0; page < 5; page++) {
      const { items, next } = await api.get<{ items: FileObject[]; next: string | null }>(
        `/v1/files${query}`,
      )
      seen.push(...items.map(({ path }) => path))
      if (next === null) break
      query = `?prefix=pages/&limit=2&cursor=${next}`
    }

    expect(seen).toEqual(paths)
  })

  it('are gone when removed', async () => {
    const api = await tenantApi('mia')
    await put(api, 'gone.txt', Buffer.from('x'), null)

    expect((await api.call('DELETE', '/v1/files/gone.txt')).status).toBe(204)
    expectProblem(await api.call('GET', '/v1/files/gone.txt'), 404, 'file/not-found')
    expectProblem(await api.call('DELETE', '/v1/files/gone.txt'), 404, 'file/not-found')
  })

  it('that differ from their checksum are refused and leave nothing', async () => {
    const api = await tenantApi('mia')
    const headers = { 'content-digest': digestOf(Buffer.from('something else')) }

    const answer = await api.call('PUT', '/v1/files/torn.txt', { body: 'this', headers })

    expectProblem(answer, 400, 'file/checksum-mismatch')
    expectProblem(await api.call('GET', '/v1/files/torn.txt'), 404, 'file/not-found')
  })

  it('may be empty', async () => {
    const api = await tenantApi('mia')

    const stored = await put(api, 'empty', Buffer.alloc(0), digestOf(Buffer.alloc(0)))

    expect(stored.sizeBytes).toBe(0)
  })

  it.each(['%2e%2e/other', 'a/%2e%2e/b', 'a%00b', 'a%5Cb', 'a//b', 'a%0Ab', 'a/%2e/b'])(
    'with a path that means something else are refused: %s',
    async (path) => {
      const api = await tenantApi('mia')

      const status = await rawPut(api, `/v1/files/${path}`, { 'content-length': '1' })

      expect(status).toBe(400)
    },
  )

  it('need to say how long they are, and not be longer than allowed', async () => {
    const api = await tenantApi('mia')

    const chunked = await rawPut(api, '/v1/files/x', { 'transfer-encoding': 'chunked' })
    const huge = await rawPut(api, '/v1/files/x', { 'content-length': String(9 * 1_048_576) })

    expect([chunked, huge]).toEqual([411, 413])
  })

  it('are read with short-lived keys by any S3 client, from the own bucket and no other', async () => {
    const api = await tenantApi('mia')
    await put(api, 'keys/own.txt', Buffer.from('own'), null)
    const keys = await api.send<FileCredentials>('POST', '/v1/files/credentials', { json: {} })
    const foreign = await (await tenantApi('gina')).send<FileCredentials>(
      'POST',
      '/v1/files/credentials',
      { json: {} },
    )
    const client = new S3Client({
      ...{ endpoint: keys.endpoint, region: keys.region, forcePathStyle: true, maxAttempts: 1 },
      credentials: {
        accessKeyId: keys.accessKeyId,
        secretAccessKey: keys.secretAccessKey,
        ...(keys.sessionToken === null ? {} : { sessionToken: keys.sessionToken }),
      },
    })

    const read = (Bucket: string) =>
      client.send(new GetObjectCommand({ Bucket, Key: 'keys/own.txt' }))
    const found = await read(keys.bucket)

    expect(await found.Body?.transformToString()).toBe('own')
    expect(Date.parse(keys.expiresAt)).toBeLessThanOrEqual(Date.now() + 900_000)
    await expect(read(foreign.bucket)).rejects.toMatchObject({ name: 'AccessDenied' })
    client.destroy()
  })

  it('are not written or removed by a viewer', async () => {
    const api = await tenantApi('victor')
    const body = Buffer.from('x')

    expectProblem(await api.call('PUT', '/v1/files/x', { body }), 403, 'auth/forbidden')
  })
})

async function put(
  api: ApiClient,
  path: string,
  body: Uint8Array,
  digest: string | null,
): Promise<FileObject> {
  const headers = {
    'content-type': 'application/octet-stream',
    ...(digest === null ? {} : { 'content-digest': digest }),
  }
  return await api.send<FileObject>('PUT', `/v1/files/${encodeURI(path)}`, { body, headers })
}

/** A PUT that `fetch` would not send: its path is not tidied up, its headers are what the test says. */
async function rawPut(
  api: ApiClient,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<number> {
  const authorization = await api.authorization()
  const { hostname, port } = new URL(api.baseUrl)
  return await new Promise((resolve, reject) => {
    const options = {
      hostname,
      port,
      path,
      method: 'PUT',
      headers: { ...authorization, ...headers },
    }
    const outgoing = request(options, (incoming) => {
      incoming.resume()
      resolve(incoming.statusCode ?? 0)
      outgoing.destroy()
    })
    outgoing.on('error', reject)
    outgoing.write('x')
    if (headers['content-length'] === '1') outgoing.end()
  })
}
