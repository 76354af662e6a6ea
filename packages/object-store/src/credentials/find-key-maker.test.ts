import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { openBucketAccess } from './bucket-access.ts'
import { findKeyMaker } from './find-key-maker.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
let server: Server

afterEach(async () => {
  server.closeAllConnections()
  await once(server.close(), 'close')
})

describe('finding how a store makes keys', () => {
  it('takes no keys from a store that hands them out and does not limit them', async () => {
    const address = await serve((request, response) => {
      request.resume()
      request.on('end', () => response.end(request.method === 'POST' ? session : ''))
    })

    const found = await findKeyMaker(address, signal)

    expect(found.kind).toBe('none')
    expect(found.refusals[0]).toBe('session: a key of one bucket writes into another bucket')
  })

  it('takes no keys from a store that knows no way to make them', async () => {
    const address = await serve((request, response) => {
      request.resume()
      request.on('end', () => response.writeHead(request.method === 'POST' ? 501 : 200).end())
    })

    const found = await findKeyMaker(address, signal)

    expect(found).toMatchObject({ kind: 'none', maker: null })
    expect(found.refusals).toHaveLength(3)
  })

  it.each([
    ['ends sessions when it is asked to, and lets them live as long as was asked', 204, 3_600],
    ['cannot end sessions, and lets them live for 15 minutes only', 404, 900],
  ])('finds out that a store %s', async (_what, status, seconds) => {
    const asked: string[] = []
    const address = await serve(async (request, response) => {
      const body = String(Buffer.concat(await Array.fromAsync(request)))
      if (request.url?.startsWith('/minio/admin')) return response.writeHead(status).end()
      if (request.method === 'POST') asked.push(body)
      response
        .writeHead(isAllowed(request) ? 200 : 403)
        .end(request.method === 'POST' ? session : '')
    })
    const access = openBucketAccess({ ...address, now: () => 0 })

    const { expiresAt } = await access.issue('leasehold-probe', 'read', 3_600, signal)

    expect(expiresAt).toBe(seconds * 1_000)
    const last = new URLSearchParams(asked.at(-1))
    expect(last.get('DurationSeconds')).toBe(String(seconds))
    expect(last.get('TokenRevokeType')).toBe('leasehold-probe')
    const ended = await access.endAll('leasehold-probe', signal)
    expect(ended).toBe(status === 204 ? 'ended' : 'will-expire')
    access.close()
  })

  it('says nothing about a store that does not answer', async () => {
    const address = await serve((request) => request.socket.destroy())

    await expect(findKeyMaker(address, signal)).rejects.toMatchObject({
      code: 'service/unavailable',
    })
  })
})

/** The platform's own key may all, and a session what its policy says. */
function isAllowed({ url = '', method = '', headers }: IncomingMessage): boolean {
  if (!headers.authorization?.includes('=KEY/')) return true
  return /^\/leasehold-probe(\/|\?|$)/.test(url) && !(method === 'PUT' && url.includes('/tasks/'))
}

const session = `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
<AccessKeyId>KEY</AccessKeyId><SecretAccessKey>SECRET</SecretAccessKey><SessionToken>TOKEN</SessionToken>
<Expiration>2030-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`

async function serve(listener: RequestListener) {
  server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const key = { accessKeyId: 'PLATFORM', secretAccessKey: 'platform-secret' }
  const place = { endpoint: `http://127.0.0.1:${port}`, region: 'us-east-1' }
  return { ...place, ...key, log, now: Date.now }
}
