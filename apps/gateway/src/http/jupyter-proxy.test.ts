import { Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  hostOf,
  type OpenGateway,
  openGateway,
  readyLease,
  stopping,
} from '../../test/gateway-harness.ts'
import { type Answer, send } from '../../test/http-client.ts'
import { openJupyterServer } from '../../test/jupyter-server.ts'

let gateway: OpenGateway
let jupyter: Awaited<ReturnType<typeof openJupyterServer>>
let other: Awaited<ReturnType<typeof openJupyterServer>>
beforeEach(async () => {
  gateway = await openGateway({ bodyBytes: 1_000, idleMs: 200 })
  jupyter = await openJupyterServer()
  other = await openJupyterServer()
  gateway.put(lease())
  gateway.put(readyLease('b', { jupyterPort: other.port }))
})
afterEach(async () => {
  await gateway.close()
  await jupyter.close()
  await other.close()
})

const lease = () => readyLease('a', { jupyterPort: jupyter.port })
const idOf = (name: string) => readyLease(name, {}).id
const get = (path: string, headers = {}, name = 'a') =>
  send(gateway.httpPort, hostOf(idOf(name)), path, { headers })
/** Opens a link of the lease and gives back the cookie. */
const signIn = async (name = 'a') => {
  const opened = await get(await gateway.linkPath(idOf(name)), {}, name)
  return opened.headers['set-cookie']?.[0]?.split(';')[0] ?? ''
}
const facts = ({ status, body, headers }: Answer) => ({
  status,
  body,
  type: headers['content-type'],
})

describe('opening a link', () => {
  it('gives a cookie that scripts cannot read and leads to Jupyter', async () => {
    const answer = await get(await gateway.linkPath(idOf('a')))

    expect(answer.status).toBe(303)
    expect(answer.headers.location).toBe('/')
    expect(answer.headers['referrer-policy']).toBe('no-referrer')
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.headers['set-cookie']).toEqual([
      expect.stringMatching(
        /^leasehold=[\w-]{43}; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/,
      ),
    ])
  })

  it('sends the cookie over TLS only, and pinned to its host, where browsers use TLS', async () => {
    const secure = await openGateway({}, 'https://localhost')
    secure.put(lease())
    const path = await secure.linkPath(idOf('a'))

    const { headers } = await send(secure.httpPort, hostOf(idOf('a')), path)
    await secure.close()

    expect(headers['set-cookie']?.[0]).toMatch(/^__Host-leasehold=.*; Secure$/)
  })

  it('works once, and says what to do when it is tried again', async () => {
    const path = await gateway.linkPath(idOf('a'))
    await get(path)

    const again = await get(path, { accept: 'text/html' })

    expect(again.status).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.body).toContain('/jupyter-link')
  })

  it('works for a minute only', async () => {
    const path = await gateway.linkPath(idOf('a'))
    gateway.time.now += 60_000

    expect((await get(path)).status).toBe(403)
  })

  it('does not work on the origin of another lease', async () => {
    const answer = await get(await gateway.linkPath(idOf('a')), {}, 'b')

    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it.each([{ 'sec-purpose': 'prefetch' }, { purpose: 'prefetch' }])(
    'is not done by a browser that only looks ahead (%o)',
    async (ahead) => {
      const path = await gateway.linkPath(idOf('a'))
      await get(path, ahead)

      expect((await get(path)).status).toBe(303)
    },
  )

  it('is not done by asking for its headers', async () => {
    const path = await gateway.linkPath(idOf('a'))
    await send(gateway.httpPort, hostOf(idOf('a')), path, { method: 'HEAD' })

    expect((await get(path)).status).toBe(303)
  })
})

describe('a request with a session', () => {
  it('reaches the machine with its token and without the cookie or anything about the browser’s way', async () => {
    const cookie = await signIn()

    const answer = await get('/api/contents?path=a%20b', {
      cookie: `_xsrf=2; ${cookie}; theme=dark`,
      authorization: 'Bearer of-someone',
      referer: 'https://elsewhere.example/secret',
      'x-forwarded-for': '192.0.2.1',
      connection: 'x-hop',
      'x-hop': '1',
    })

    expect(facts(answer)).toMatchObject({ status: 200, body: 'GET /api/contents?path=a%20b' })
    const headers = jupyter.arrived[0]?.headers ?? {}
    expect(headers.authorization).toBe(`token ${gateway.secrets.jupyterToken(idOf('a'))}`)
    expect(headers.cookie).toBe('_xsrf=2; theme=dark')
    for (const name of ['referer', 'x-forwarded-for', 'x-hop', 'origin'])
      expect(headers).not.toHaveProperty(name)
  })

  it.each(['POST', 'PUT', 'PATCH', 'DELETE'])('sends the body of a %s as it is', async (method) => {
    const cookie = await signIn()
    const body = '{ "a":   1 }'

    await send(gateway.httpPort, hostOf(idOf('a')), '/api/contents/x', {
      method,
      body,
      headers: { cookie, 'content-type': 'application/json', 'content-length': body.length },
    })

    expect(jupyter.arrived[0]).toMatchObject({ method, body })
  })

  it('gets answers that cannot reach beyond the machine’s own origin', async () => {
    const { headers } = await get('/headers', { cookie: await signIn() })

    expect(headers['set-cookie']).toEqual(['_xsrf=1; Path=/', 'b=2'])
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers).not.toHaveProperty('strict-transport-security')
    expect(headers).not.toHaveProperty('clear-site-data')
  })

  it('is led where the machine leads it', async () => {
    const { status, headers } = await get('/away', { cookie: await signIn() })

    expect([status, headers.location]).toEqual([302, '/tree?a=1'])
  })

  it('works although a page of another lease planted a cookie beside it', async () => {
    const cookie = await signIn()

    expect((await get('/', { cookie: `leasehold=planted; ${cookie}` })).status).toBe(200)
  })

  it('costs the database at most one look in two seconds', async () => {
    const cookie = await signIn()
    await get('/', { cookie })
    const { reads } = gateway.stores.state
    await Promise.all(Array.from({ length: 20 }, () => get('/', { cookie })))

    expect(gateway.stores.state.reads).toBe(reads)
  })

  it('is told apart by path from what the gateway itself answers', async () => {
    const cookie = await signIn()

    expect((await get('/metrics', { cookie })).body).toBe('GET /metrics')
    expect((await get('/livez', { cookie })).body).toBe('GET /livez')
  })
})

describe('every refusal is the same', () => {
  it('for an unknown host, a lease that never was, no cookie, a foreign one and a lease that is not ready', async () => {
    const cookie = await signIn()
    const { time } = gateway
    const answers = [
      await send(gateway.httpPort, 'elsewhere.example', '/'),
      await send(gateway.httpPort, 'localhost', '/'),
      await get('/', { cookie }, 'never'),
      await get('/'),
      await get('/', { cookie: 'leasehold=guessed' }),
      await get('/', { cookie }, 'b'),
    ]
    gateway.put(stopping(lease()))
    time.now += 2_000
    answers.push(await get('/', { cookie }))

    const [first, ...rest] = answers.map(facts)
    expect(first?.status).toBe(403)
    for (const answer of rest) expect(answer).toEqual(first)
    expect(jupyter.arrived).toEqual([])
    expect(other.arrived).toEqual([])
  })

  it('and is a page that loads nothing for people', async () => {
    const { body, headers } = await get('/', { accept: 'text/html,*/*' })

    expect(body).toContain('<html lang="en">')
    expect(body).toContain('POST /v1/leases/{leaseId}/jupyter-link')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['cache-control']).toBe('no-store')
  })

  it('holds for a machine without Jupyter', async () => {
    const cookie = await signIn()
    gateway.put(readyLease('a', { jupyterPort: null }))
    gateway.time.now += 2_000

    expect((await get('/', { cookie })).status).toBe(403)
  })

  it('holds within two seconds after a session is revoked', async () => {
    const cookie = await signIn()
    await get('/', { cookie })
    await gateway.stores.access.revokeLease(idOf('a'))
    gateway.time.now += 2_000

    expect((await get('/', { cookie })).status).toBe(403)
  })
})

describe('requests from other pages', () => {
  const own = `http://${hostOf(idOf('a'))}`
  it.each<[string, string, Record<string, string>]>([
    ['a form of another site', 'POST', { origin: 'https://evil.example' }],
    ['a page of another lease', 'POST', { origin: `http://${hostOf(idOf('b'))}` }],
    ['a page without an origin', 'POST', { origin: 'null' }],
    ['our host on another port', 'POST', { origin: `${own}:81` }],
    ['our host over another scheme', 'POST', { origin: own.replace('http:', 'https:') }],
    ['a script of another lease that reads', 'GET', { origin: `http://${hostOf(idOf('b'))}` }],
    ['an embedded resource', 'GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }],
    [
      'a frame',
      'GET',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'iframe',
      },
    ],
    [
      'a form without an origin header',
      'POST',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('are refused: %s', async (_what, method, headers) => {
    const cookie = await signIn()

    const answer = await send(gateway.httpPort, hostOf(idOf('a')), '/api', {
      method,
      headers: { cookie, ...headers },
    })

    expect(answer.status).toBe(403)
    expect(answer.body).toContain('another page')
    expect(jupyter.arrived).toEqual([])
  })

  it.each<[string, string, Record<string, string>]>([
    ['its own page', 'POST', { origin: own, 'sec-fetch-site': 'same-origin' }],
    ['a program', 'POST', {}],
    [
      'a link that somebody follows',
      'GET',
      {
        'sec-fetch-site': 'cross-site',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-dest': 'document',
      },
    ],
  ])('pass when they come from %s', async (_what, method, headers) => {
    const cookie = await signIn()

    const answer = await send(gateway.httpPort, hostOf(idOf('a')), '/api', {
      method,
      headers: { cookie, ...headers },
    })

    expect(answer.status).toBe(200)
  })
})

describe('limits', () => {
  it('refuse a body that announces too much before it is sent', async () => {
    const cookie = await signIn()

    const { status } = await send(gateway.httpPort, hostOf(idOf('a')), '/x', {
      method: 'PUT',
      headers: { cookie, 'content-length': 1_001, 'content-type': 'text/plain' },
      body: 'x'.repeat(1_001),
    })

    expect(status).toBe(413)
    expect(jupyter.arrived).toEqual([])
  })

  it('end a body that turns out to be too much', async () => {
    const cookie = await signIn()
    const body = Readable.from(Array.from({ length: 11 }, () => Buffer.alloc(100)))

    const answer = await send(gateway.httpPort, hostOf(idOf('a')), '/x', {
      method: 'PUT',
      headers: { cookie, 'content-type': 'application/octet-stream' },
      body,
    })

    expect(answer.status).toBe(413)
    expect(jupyter.arrived).toEqual([])
  })

  it.each([
    ['closes the connection', '/reset', 502],
    ['says nothing', '/silent', 504],
  ])('end the wait for a machine that %s', async (_what, path, status) => {
    const answer = await get(path, { cookie: await signIn(), accept: 'text/html' })

    expect(answer.status).toBe(status)
    expect(answer.body).toContain('Try again')
    expect(jupyter.arrived).toHaveLength(1)
  })

  it('pass on that a machine is busy without asking it again', async () => {
    const answer = await get('/busy', { cookie: await signIn() })

    expect([answer.status, answer.body]).toEqual([503, 'busy'])
    expect(jupyter.arrived).toHaveLength(1)
  })

  it('do not turn half an answer into a whole one', async () => {
    await expect(get('/half', { cookie: await signIn() })).rejects.toThrow()
  })

  it('say that a machine does not answer when nothing listens there', async () => {
    const cookie = await signIn()
    await jupyter.close()

    expect((await get('/', { cookie })).status).toBe(502)
    jupyter = await openJupyterServer()
  })

  it('hold per lease and not for others', async () => {
    await gateway.close()
    gateway = await openGateway({ connectionsPerLease: 1, idleMs: 5_000 })
    gateway.put(lease())
    gateway.put(readyLease('b', { jupyterPort: other.port }))
    const [a, b] = [await signIn('a'), await signIn('b')]
    const waiting = get('/silent', { cookie: a }).catch(() => null)
    await vi.waitFor(() => expect(jupyter.arrived).toHaveLength(1))

    expect((await get('/', { cookie: a })).status).toBe(429)
    expect((await get('/', { cookie: b }, 'b')).status).toBe(200)
    await gateway.close()
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
    const { status } = await get(path, { cookie: await signIn() })

    expect([200, 400]).toContain(status)
    for (const { url } of jupyter.arrived) expect(url).not.toContain('..')
    expect(other.arrived).toEqual([])
  })

  it('below the gateway’s own path never reach the machine', async () => {
    const { status } = await get('/_leasehold/anything', { cookie: await signIn() })

    expect(status).toBe(400)
    expect(jupyter.arrived).toEqual([])
  })
})

describe('while the database is gone', () => {
  it('nobody gets in, and nobody is told that their session ended', async () => {
    const cookie = await signIn()
    gateway.stores.state.isDown = true
    gateway.time.now += 2_000

    const answer = await get('/', { cookie })

    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    gateway.stores.state.isDown = false
    expect((await get('/', { cookie })).status).toBe(200)
  })
})

describe('what the gateway tells about itself', () => {
  const base = (path: string) => send(gateway.httpPort, `localhost:${gateway.httpPort}`, path)

  it('is that it runs, and whether it is useful', async () => {
    expect((await base('/livez')).status).toBe(200)
    expect(await base('/readyz')).toMatchObject({ status: 200 })
    gateway.stores.state.isDown = true

    const answer = await base('/readyz')

    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.body)).toEqual({ status: 'not-ready', parts: { database: 'failing' } })
  })

  it('never holds a code, a session or a token', async () => {
    const path = await gateway.linkPath(idOf('a'))
    const cookie = (await get(path)).headers['set-cookie']?.[0] ?? ''
    const value = cookie.split(/[=;]/)[1] ?? 'missing'
    await get('/', { cookie: `leasehold=${value}` })
    await get('/reset', { cookie: `leasehold=${value}` })

    const log = JSON.stringify(gateway.lines)

    expect(log).toContain('request answered')
    for (const secret of [
      path.split('/').at(-1) ?? '',
      value,
      gateway.secrets.jupyterToken(idOf('a')),
    ])
      expect(log).not.toContain(secret)
  })
})
