import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { hostOf, readyLease } from '../../test/gateway-harness.ts'
import { send } from '../../test/http-client.ts'
import { idOf, openRentedJupyter, type RentedJupyter } from '../../test/rented-jupyter.ts'

let rented: RentedJupyter
beforeEach(async () => {
  rented = await openRentedJupyter()
})
afterEach(() => rented.close())

describe('a request with a session', () => {
  it('reaches the machine with its token and without the cookie or anything about the browser’s way', async () => {
    const cookie = await rented.signIn()

    const answer = await rented.get('/api/contents?path=a%20b', {
      cookie: `_xsrf=2; ${cookie}; theme=dark`,
      authorization: 'Bearer of-someone',
      referer: 'https://elsewhere.example/secret',
      'x-forwarded-for': '192.0.2.1',
      connection: 'x-hop',
      'x-hop': '1',
    })

    expect(answer).toMatchObject({ status: 200, body: 'GET /api/contents?path=a%20b' })
    const headers = rented.jupyter.arrived[0]?.headers ?? {}
    expect(headers.authorization).toBe(`token ${rented.gateway.secrets.jupyterToken(idOf('a'))}`)
    expect(headers.cookie).toBe('_xsrf=2; theme=dark')
    for (const name of ['referer', 'x-forwarded-for', 'x-hop', 'origin'])
      expect(headers).not.toHaveProperty(name)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('sends the body of a %s as it is', async (method) => {
    const cookie = await rented.signIn()
    const body = '{ "a":   1 }'

    await send(rented.gateway.httpPort, hostOf(idOf('a')), '/api/contents/x', {
      method,
      body,
      headers: { cookie, 'content-type': 'application/json', 'content-length': body.length },
    })

    expect(rented.jupyter.arrived[0]).toMatchObject({ method, body })
  })

  it('gets answers that cannot reach beyond the machine’s own origin', async () => {
    const { headers } = await rented.get('/headers', { cookie: await rented.signIn() })

    expect(headers['set-cookie']).toEqual(['_xsrf=1; Path=/', 'b=2'])
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(headers).not.toHaveProperty('clear-site-data')
  })

  it('is led where the machine leads it', async () => {
    const { status, headers } = await rented.get('/away', { cookie: await rented.signIn() })

    expect([status, headers.location]).toEqual([302, '/tree?a=1'])
  })

  it('works although a page of another lease planted a cookie beside it', async () => {
    const cookie = await rented.signIn()

    expect((await rented.get('/', { cookie: `leasehold=planted; ${cookie}` })).status).toBe(200)
  })

  it('costs the database at most one look in two seconds', async () => {
    const cookie = await rented.signIn()
    await rented.get('/', { cookie })
    const { reads } = rented.gateway.stores.state
    await Promise.all(Array.from({ length: 20 }, () => rented.get('/', { cookie })))

    expect(rented.gateway.stores.state.reads).toBe(reads)
  })

  it('is told apart by path from what the gateway itself answers', async () => {
    const cookie = await rented.signIn()

    expect((await rented.get('/metrics', { cookie })).body).toBe('GET /metrics')
    expect((await rented.get('/livez', { cookie })).body).toBe('GET /livez')
  })
})

describe('limits', () => {
  it('refuse a body that announces too much before it is sent', async () => {
    const cookie = await rented.signIn()

    const { status } = await send(rented.gateway.httpPort, hostOf(idOf('a')), '/x', {
      method: 'PUT',
      headers: { cookie, 'content-length': 1_001, 'content-type': 'text/plain' },
      body: 'x'.repeat(1_001),
    })

    expect(status).toBe(413)
    expect(rented.jupyter.arrived).toEqual([])
  })

  it('end a body that turns out to be too much', async () => {
    const cookie = await rented.signIn()
    const body = Readable.from(Array.from({ length: 11 }, () => Buffer.alloc(100)))

    const answer = await send(rented.gateway.httpPort, hostOf(idOf('a')), '/x', {
      method: 'PUT',
      headers: { cookie, 'content-type': 'application/octet-stream' },
      body,
    })

    expect(answer.status).toBe(413)
    expect(rented.jupyter.arrived).toEqual([])
  })

  it.each([
    ['closes the connection', '/reset', 502],
    ['says nothing', '/silent', 504],
  ])('end the wait for a machine that %s', async (_what, path, status) => {
    const answer = await rented.get(path, { cookie: await rented.signIn(), accept: 'text/html' })

    expect(answer.status).toBe(status)
    expect(answer.body).toContain('Try again')
    expect(rented.jupyter.arrived).toHaveLength(1)
  })

  it('pass on that a machine is busy without asking it again', async () => {
    const answer = await rented.get('/busy', { cookie: await rented.signIn() })

    expect([answer.status, answer.body]).toEqual([503, 'busy'])
    expect(rented.jupyter.arrived).toHaveLength(1)
  })

  it('do not turn half an answer into a whole one', async () => {
    await expect(rented.get('/half', { cookie: await rented.signIn() })).rejects.toThrow()
  })

  it('say that a machine does not answer when nothing listens there', async () => {
    const cookie = await rented.signIn()
    rented.gateway.put(readyLease('a', { jupyterPort: 9 }))
    rented.gateway.time.now += 2_000

    expect((await rented.get('/', { cookie })).status).toBe(502)
  })

  it('hold per lease and not for others', async () => {
    await rented.close()
    rented = await openRentedJupyter({ connectionsPerLease: 1, idleMs: 5_000 })
    const [a, b] = [await rented.signIn('a'), await rented.signIn('b')]
    const waiting = rented.get('/silent', { cookie: a }).catch(() => null)
    await vi.waitFor(() => expect(rented.jupyter.arrived).toHaveLength(1))

    expect((await rented.get('/', { cookie: a })).status).toBe(429)
    expect((await rented.get('/', { cookie: b }, 'b')).status).toBe(200)
    await rented.gateway.close()
    await waiting
  })
})

describe('odd addresses', () => {
  it.each([
    '/../etc/passwd',
    '/a/%2e%2e/%2e%2e/b',
    '/%',
    '//evil.example/x',
    '/http://evil.example',
  ])('%s stays on this machine or is refused', async (path) => {
    const { status } = await rented.get(path, { cookie: await rented.signIn() })

    expect([200, 400]).toContain(status)
    for (const { url } of rented.jupyter.arrived) expect(url).not.toContain('..')
    expect(rented.other.arrived).toEqual([])
  })

  it('below the gateway’s own path never reach the machine', async () => {
    const { status } = await rented.get('/_leasehold/anything', { cookie: await rented.signIn() })

    expect(status).toBe(400)
    expect(rented.jupyter.arrived).toEqual([])
  })
})
