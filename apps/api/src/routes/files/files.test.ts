import { createHash } from 'node:crypto'
import { defaultRentalRules } from '@leasehold/application'
import { describe, expect, it } from 'vitest'
import { anApi, verdict } from '../../../test/api-harness.ts'
import { sha256FromDigest } from './content-digest.ts'

const digestOf = (text: string) => createHash('sha256').update(text).digest('base64')
const hexOf = (text: string) => createHash('sha256').update(text).digest('hex')

describe('PUT /v1/files/*', () => {
  it('stores the bytes and answers 201 with their SHA-256', async () => {
    const api = await anApi()

    const answer = await api.tenant('PUT', '/v1/files/data/train.csv', { body: 'a,b\n' })

    expect(answer.statusCode).toBe(201)
    expect(answer.json()).toEqual({
      path: 'data/train.csv',
      sizeBytes: 4,
      sha256: hexOf('a,b\n'),
      modifiedAt: '2026-01-05T12:00:00.000Z',
    })
    expect(api.platform.objects.text('leasehold-ten-acme', 'data/train.csv')).toBe('a,b\n')
  })

  it.each([
    { type: undefined, body: Buffer.from([0, 1, 255]) },
    { type: 'application/json', body: '{"not":' },
    { type: 'application/json', body: '{"__proto__":1}' },
    { type: 'text/csv; charset=utf-8', body: 'a' },
    { type: 'multipart/form-data; boundary=x', body: 'a' },
    { type: 'text/plain', body: Buffer.alloc(2_000_000, 'x') },
  ])('takes every body as bytes: $type', async ({ type, body }) => {
    const api = await anApi()

    const answer = await api.tenant('PUT', '/v1/files/a.bin', {
      body,
      headers: type === undefined ? {} : { 'content-type': type },
    })

    expect(answer.statusCode, answer.body).toBe(201)
    expect(answer.json().sizeBytes).toBe(Buffer.byteLength(body))
  })

  it('answers 415 where the media type is none', async () => {
    const api = await anApi()

    const answer = await api.tenant('PUT', '/v1/files/a.bin', {
      body: 'a',
      headers: { 'content-type': 'not a media type' },
    })

    expect(verdict(answer)).toEqual({ status: 415, code: 'request/unsupported-media-type' })
  })

  it('takes an empty file', async () => {
    const api = await anApi()

    const answer = await api.tenant('PUT', '/v1/files/empty', {
      headers: { 'content-length': '0' },
    })

    expect(answer.json()).toMatchObject({ sizeBytes: 0, sha256: hexOf('') })
  })

  it('takes names that need escaping in an address', async () => {
    const api = await anApi()

    const put = await api.tenant('PUT', '/v1/files/a%20b/%C3%BC%23%3F%25.txt', { body: 'x' })

    expect(put.json().path).toBe('a b/ü#?%.txt')
  })

  it('stores nothing when the content differs from its Content-Digest', async () => {
    const api = await anApi()
    const put = (digest: string) =>
      api.tenant('PUT', '/v1/files/a.txt', { body: 'a', headers: { 'content-digest': digest } })

    const wrong = await put(`sha-256=:${digestOf('b')}:`)
    const gone = await api.tenant('GET', '/v1/files/a.txt')
    const right = await put(`sha-512=:AAAA:, sha-256=:${digestOf('a')}:`)

    expect(verdict(wrong)).toEqual({ status: 400, code: 'file/checksum-mismatch' })
    expect(gone.statusCode).toBe(404)
    expect(right.statusCode).toBe(201)
  })

  it('asks for the length of a body that comes in chunks', async () => {
    const api = await anApi()
    const url = await api.tenantApp.listen({ host: '127.0.0.1', port: 0 })
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(Buffer.from('x'))
        controller.close()
      },
    })

    const answer = await fetch(`${url}/v1/files/a`, {
      method: 'PUT',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${api.platform.tokenOf('olivia')}` },
    } as RequestInit)

    expect(answer.status).toBe(411)
    expect(await answer.json()).toMatchObject({ code: 'file/length-required' })
    await api.close()
  })

  it('refuses with 413 what is larger than a file may be, without reading it', async () => {
    const api = await anApi({ uploadLimitBytes: 10 })

    const answer = await api.tenant('PUT', '/v1/files/a', { body: 'x'.repeat(11) })

    expect(verdict(answer)).toEqual({ status: 413, code: 'file/too-large' })
    expect(answer.json().facts).toEqual({ limit: 10, asked: 11 })
  })

  it('does not write where the platform keeps the record of tasks', async () => {
    const api = await anApi()

    const answer = await api.tenant('PUT', '/v1/files/tasks/tsk_1/log.txt', { body: 'forged' })

    expect(verdict(answer)).toEqual({ status: 400, code: 'file/path-invalid' })
  })
})

describe('GET /v1/files/*', () => {
  it('gives a link that reads the file for a while', async () => {
    const api = await anApi()
    await api.tenant('PUT', '/v1/files/a.txt', { body: 'a' })

    const { downloadUrl, downloadUrlExpiresAt, sha256 } = (
      await api.tenant('GET', '/v1/files/a.txt')
    ).json()

    expect(downloadUrl).toContain('a.txt')
    expect(sha256).toBe(hexOf('a'))
    expect(Date.parse(downloadUrlExpiresAt)).toBe(
      api.platform.clock.now() + defaultRentalRules.downloadLinkSeconds * 1_000,
    )
  })
})

describe('GET /v1/files', () => {
  it('lists by prefix, in pages, in order of path', async () => {
    const api = await anApi()
    for (const path of ['b/2', 'a/1', 'b/1', 'b/3'])
      await api.tenant('PUT', `/v1/files/${path}`, { body: path })
    const list = async (query: string) => (await api.tenant('GET', `/v1/files?${query}`)).json()
    const pathsOf = ({ items }: { items: { path: string }[] }) => items.map(({ path }) => path)

    const first = await list('prefix=b/&limit=2')
    const second = await list(`prefix=b/&limit=2&cursor=${first.next}`)

    expect(pathsOf(first)).toEqual(['b/1', 'b/2'])
    expect(pathsOf(second)).toEqual(['b/3'])
    expect(second.next).toBeNull()
    expect(pathsOf(await list(''))).toEqual(['a/1', 'b/1', 'b/2', 'b/3'])
  })
})

describe('DELETE /v1/files/*', () => {
  it('answers 204 without a body, and 404 the second time', async () => {
    const api = await anApi()
    await api.tenant('PUT', '/v1/files/a.txt', { body: 'a' })

    const first = await api.tenant('DELETE', '/v1/files/a.txt')
    const again = await api.tenant('DELETE', '/v1/files/a.txt')

    expect([first.statusCode, first.body]).toEqual([204, ''])
    expect(verdict(again)).toEqual({ status: 404, code: 'file/not-found' })
  })
})

describe('a Content-Digest', () => {
  it('gives its SHA-256 as hex', () => {
    expect(sha256FromDigest(`sha-256=:${digestOf('a')}:`)).toBe(hexOf('a'))
    expect(sha256FromDigest(`SHA-256=:${digestOf('a')}:`)).toBe(hexOf('a'))
  })

  it.each([undefined, 'sha-512=:AAAA:', 'md5=:AAAA:'])('may say nothing about it: %s', (header) => {
    expect(sha256FromDigest(header)).toBeNull()
  })

  it.each(['sha-256=abc', 'sha-256=:abc:', 'sha-256=::', `sha-256=:${digestOf('a')}`])(
    'is refused when it is broken: %s',
    (header) => {
      expect(() => sha256FromDigest(header)).toThrow('sha-256=:')
    },
  )
})
