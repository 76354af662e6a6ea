import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { AnswerTimedOut, makeAdminClient } from './admin-client.ts'

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void
const clientSecret = 'secret-that-is-never-logged'
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

/** Gives tokens `t1`, `t2`, … and answers the rest as `behaviour` says. */
async function anAdmin(behaviour: Behaviour, expiresInSeconds = 60) {
  const state = { tokens: 0, lines: [] as string[], now: 0 }
  const server = createServer((request, response) => {
    if (request.url !== '/token') return behaviour(request, response)
    state.tokens += 1
    const answer = { access_token: `t${state.tokens}`, expires_in: expiresInSeconds }
    response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const note = (fields: object, message: string) =>
    void state.lines.push(JSON.stringify(fields) + message)
  const client = makeAdminClient({
    adminUrl: `${url}/admin`,
    tokenUrl: `${url}/token`,
    clientId: 'provisioner',
    clientSecret,
    now: () => state.now,
    log: { info: note, warn: note, error: note },
  })
  return { client, state }
}

const json = (response: ServerResponse, status: number, body: unknown) =>
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

describe('the client of the Admin API', () => {
  it('signs in once for many requests at once, and again before the token ends', async () => {
    const { client, state } = await anAdmin((_request, response) => json(response, 200, []))

    await Promise.all([1, 2, 3].map(() => client.send('GET', '/users')))
    expect(state.tokens).toBe(1)

    state.now = 50_000
    await client.send('GET', '/users')
    expect(state.tokens).toBe(2)
  })

  it('signs in anew when Keycloak forgot the token', async () => {
    const { client } = await anAdmin((request, response) =>
      json(response, request.headers.authorization === 'Bearer t2' ? 200 : 401, { ok: true }),
    )

    expect(await client.send('GET', '/users')).toMatchObject({ status: 200, body: { ok: true } })
  })

  it.each([400, 404, 409])('gives %i to whoever asked', async (status) => {
    const { client } = await anAdmin((_request, response) => json(response, status, {}))

    expect(await client.send('POST', '/users', {})).toMatchObject({ status })
  })

  it('says of an answer that does not come that it did not come', async () => {
    const { client } = await anAdmin(() => {})

    await expect(client.send('PUT', '/users', {}, 50)).rejects.toBeInstanceOf(AnswerTimedOut)
  })

  it('tells the id of what was made', async () => {
    const { client } = await anAdmin((_request, response) =>
      response.writeHead(201, { location: 'http://x/admin/organizations/o-1' }).end(),
    )

    expect(await client.send('POST', '/organizations', {})).toMatchObject({ madeId: 'o-1' })
  })

  it.each<[string, Behaviour]>([
    ['a right that is missing', (_request, response) => json(response, 403, {})],
    ['a token that is never good', (_request, response) => json(response, 401, {})],
    ['a failure inside', (_request, response) => json(response, 500, { why: 'inside' })],
    ['a redirect', (_request, response) => response.writeHead(302, { location: '/' }).end()],
    ['an answer without end', (_request, response) => response.end('x'.repeat(5_000_000))],
    ['half an answer', (request) => request.socket.destroy()],
    [
      'what is no JSON',
      (_request, response) => {
        response.setHeader('content-type', 'application/json').end('{')
      },
    ],
  ])('turns %s into one error, and logs neither secret nor address', async (_what, behaviour) => {
    const { client, state } = await anAdmin(behaviour)

    const asking = client.send('GET', '/users?email=olivia%40acme.example')

    await expect(asking).rejects.toMatchObject({ code: 'service/unavailable' })
    expect(state.lines).toHaveLength(1)
    expect(state.lines.join()).not.toMatch(/secret-that|olivia/)
  })
})
