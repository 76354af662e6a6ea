import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { hostOf, openGateway } from '../../test/gateway-harness.ts'
import { send } from '../../test/http-client.ts'
import { idOf, openRentedJupyter, type RentedJupyter } from '../../test/rented-jupyter.ts'

let rented: RentedJupyter
beforeEach(async () => {
  rented = await openRentedJupyter()
})
afterEach(() => rented.close())

describe('opening a link', () => {
  it('gives a cookie that scripts cannot read and leads to Jupyter', async () => {
    const answer = await rented.get(await rented.gateway.linkPath(idOf('a')))

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
    secure.put(rented.lease())
    const path = await secure.linkPath(idOf('a'))

    const { headers } = await send(secure.httpPort, hostOf(idOf('a')), path)
    await secure.close()

    expect(headers['set-cookie']?.[0]).toMatch(/^__Host-leasehold=.*; Secure$/)
  })

  it('works once, and says what to do when it is tried again', async () => {
    const path = await rented.gateway.linkPath(idOf('a'))
    await rented.get(path)

    const again = await rented.get(path, { accept: 'text/html' })

    expect(again.status).toBe(403)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.body).toContain('/jupyter-link')
  })

  it('works for a minute only', async () => {
    const path = await rented.gateway.linkPath(idOf('a'))
    rented.gateway.time.now += 60_000

    expect((await rented.get(path)).status).toBe(403)
  })

  it('does not work on the origin of another lease', async () => {
    const answer = await rented.get(await rented.gateway.linkPath(idOf('a')), {}, 'b')

    expect(answer.status).toBe(403)
    expect(answer.headers['set-cookie']).toBeUndefined()
  })

  it.each([{ 'sec-purpose': 'prefetch' }, { purpose: 'prefetch' }])(
    'is not done by a browser that only looks ahead (%o)',
    async (ahead) => {
      const path = await rented.gateway.linkPath(idOf('a'))
      await rented.get(path, ahead)

      expect((await rented.get(path)).status).toBe(303)
    },
  )

  it('is not done by asking for its headers', async () => {
    const path = await rented.gateway.linkPath(idOf('a'))
    await send(rented.gateway.httpPort, hostOf(idOf('a')), path, { method: 'HEAD' })

    expect((await rented.get(path)).status).toBe(303)
  })
})
