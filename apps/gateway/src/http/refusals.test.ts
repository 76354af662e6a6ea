import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readyLease, stopping } from '../../test/gateway-harness.ts'
import { type Answer, send } from '../../test/http-client.ts'
import { idOf, openRentedJupyter, type RentedJupyter } from '../../test/rented-jupyter.ts'

let rented: RentedJupyter
beforeEach(async () => {
  rented = await openRentedJupyter()
})
afterEach(() => rented.close())

const facts = ({ status, body, headers }: Answer) => ({
  status,
  body,
  type: headers['content-type'],
})

describe('every refusal is the same', () => {
  it('for an unknown host, a lease that never was, no cookie, a foreign one and a lease that is not ready', async () => {
    const cookie = await rented.signIn()
    const { time } = rented.gateway
    const answers = [
      await send(rented.gateway.httpPort, 'elsewhere.example', '/'),
      await send(rented.gateway.httpPort, 'localhost', '/'),
      await rented.get('/', { cookie }, 'never'),
      await rented.get('/'),
      await rented.get('/', { cookie: 'leasehold=guessed' }),
      await rented.get('/', { cookie }, 'b'),
    ]
    rented.gateway.put(stopping(rented.lease()))
    time.now += 2_000
    answers.push(await rented.get('/', { cookie }))

    const [first, ...rest] = answers.map(facts)
    expect(first?.status).toBe(403)
    for (const answer of rest) expect(answer).toEqual(first)
    expect(rented.jupyter.arrived).toEqual([])
    expect(rented.other.arrived).toEqual([])
  })

  it('and is a page that loads nothing for people', async () => {
    const { body, headers } = await rented.get('/', { accept: 'text/html,*/*' })

    expect(body).toContain('<html lang="en">')
    expect(body).toContain('POST /v1/leases/{leaseId}/jupyter-link')
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(headers['cache-control']).toBe('no-store')
  })

  it('holds for a machine without Jupyter', async () => {
    const cookie = await rented.signIn()
    rented.gateway.put(readyLease('a', { jupyterPort: null }))
    rented.gateway.time.now += 2_000

    expect((await rented.get('/', { cookie })).status).toBe(403)
  })

  it('holds within two seconds after a session is revoked', async () => {
    const cookie = await rented.signIn()
    await rented.get('/', { cookie })
    await rented.gateway.stores.access.revokeLease(idOf('a'))
    rented.gateway.time.now += 2_000

    expect((await rented.get('/', { cookie })).status).toBe(403)
  })
})

describe('while the database is gone', () => {
  it('nobody gets in, and nobody is told that their session ended', async () => {
    const cookie = await rented.signIn()
    rented.gateway.stores.state.isDown = true
    rented.gateway.time.now += 2_000

    const answer = await rented.get('/', { cookie })

    expect(answer.status).toBe(503)
    expect(answer.headers['retry-after']).toBe('5')
    rented.gateway.stores.state.isDown = false
    expect((await rented.get('/', { cookie })).status).toBe(200)
  })
})

describe('what the gateway tells about itself', () => {
  const base = (path: string) =>
    send(rented.gateway.httpPort, `localhost:${rented.gateway.httpPort}`, path)

  it('is that it runs, and whether it is useful', async () => {
    expect((await base('/livez')).status).toBe(200)
    expect(await base('/readyz')).toMatchObject({ status: 200 })
    rented.gateway.stores.state.isDown = true

    const answer = await base('/readyz')

    expect(answer.status).toBe(503)
    expect(JSON.parse(answer.body)).toEqual({ status: 'not-ready', parts: { database: 'failing' } })
  })

  it('is how long its requests took, by pattern and not by address', async () => {
    await rented.get('/private/name', { cookie: await rented.signIn() })

    const { body, headers } = await base('/metrics')

    expect(headers['content-type']).toContain('text/plain')
    expect(body).toContain('app="gateway",method="GET",route="/*",status="200"')
    expect(body).not.toContain('private')
  })

  it('never holds a code, a session or a token', async () => {
    const path = await rented.gateway.linkPath(idOf('a'))
    const cookie = (await rented.get(path)).headers['set-cookie']?.[0] ?? ''
    const value = cookie.split(/[=;]/)[1] ?? 'missing'
    await rented.get('/', { cookie: `leasehold=${value}` })
    await rented.get('/reset', { cookie: `leasehold=${value}` })

    const log = JSON.stringify(rented.gateway.lines)

    expect(log).toContain('request answered')
    for (const secret of [
      path.split('/').at(-1) ?? '',
      value,
      rented.gateway.secrets.jupyterToken(idOf('a')),
    ])
      expect(log).not.toContain(secret)
  })
})
