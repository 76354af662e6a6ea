import type { RequestListener } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimsAt, makeKey, openKeyServer, sign } from '../test/local-issuer.ts'
import { makeTokenVerifier } from './token-verifier.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const unauthenticated = { code: 'auth/unauthenticated' }
const unavailable = { code: 'service/unavailable' }

let key: Awaited<ReturnType<typeof makeKey>>
let server: Awaited<ReturnType<typeof openKeyServer>>
let nowMs: number
beforeEach(async () => {
  key = await makeKey('k1')
  server = await openKeyServer([key.published])
  nowMs = 1_800_000_000_000
})
afterEach(() => server.close())

const open = () =>
  makeTokenVerifier({
    ...server,
    now: () => nowMs,
    log: silent,
    keyTimes: { fetchTimeoutMs: 100 },
  })
/** A token that was never seen before. */
const newToken = (signer = key) =>
  sign(signer, claimsAt(nowMs, { jti: crypto.randomUUID(), exp: nowMs / 1_000 + 86_400 }))

const answer =
  (body: string, status = 200, type = 'application/json'): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': type }).end(body)
  }

const broken: [string, RequestListener][] = [
  ['an HTML page', answer('<!doctype html><h1>Welcome</h1>', 200, 'text/html')],
  ['an HTML page that says it is JSON', answer('<!doctype html><h1>Welcome</h1>')],
  ['status 500', answer('{"keys":[]}', 500)],
  ['status 404', answer('{"error":"Realm does not exist"}', 404)],
  ['nothing at all', answer('')],
  ['JSON that is no key set', answer('{"keys":{}}')],
  ['null', answer('null')],
  ['a list', answer('[]')],
  ['too many keys', answer(JSON.stringify({ keys: Array(101).fill({}) }))],
  ['more than it may', answer(`{"keys":[],"x":"${'x'.repeat(300_000)}"}`)],
  ['a redirect', (_request, response) => void response.writeHead(302, { location: '/x' }).end()],
  ['a closed connection', (request) => void request.socket.destroy()],
  ['half an answer, then silence', (_request, response) => void response.write('{"keys":[')],
  ['silence', () => {}],
]

describe('while the key endpoint answers with', () => {
  it.each(broken)(
    '%s, a first token is neither accepted nor called bad',
    async (_what, behaviour) => {
      server.state.behaviour = behaviour

      await expect(open().verify(await newToken())).rejects.toMatchObject(unavailable)
    },
  )

  it.each(broken)('%s, keys that were fetched before stay in use', async (_what, behaviour) => {
    const verifier = open()
    await verifier.verify(await newToken())
    server.state.behaviour = behaviour
    nowMs += 3_600_000

    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')
    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')
  })
})

describe('fetching keys', () => {
  it('happens again soon after a failure, once per window', async () => {
    const verifier = open()
    server.state.behaviour = answer('', 500)
    await expect(verifier.verify(await newToken())).rejects.toMatchObject(unavailable)
    await expect(verifier.verify(await newToken())).rejects.toMatchObject(unavailable)
    expect(server.state.requests).toBe(1)
    server.state.behaviour = null
    nowMs += 2_000

    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')
  })

  it('happens once in 30 seconds for a thousand tokens with unknown key ids', async () => {
    const verifier = open()
    await verifier.verify(await newToken())
    nowMs += 31_000
    const stranger = await makeKey('stranger')
    const flood = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) =>
        sign({ ...stranger, kid: `unknown-${index}` }, claimsAt(nowMs)),
      ),
    )

    const outcomes = await Promise.allSettled(flood.map((token) => verifier.verify(token)))

    expect(outcomes.every((outcome) => outcome.status === 'rejected')).toBe(true)
    expect(server.state.requests).toBe(1 + 1)
    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')
  })

  it('follows a rotation: the new key works at once, the old one while it is published', async () => {
    const verifier = open()
    await verifier.verify(await newToken())
    const next = await makeKey('k2', 'RS256')
    server.state.keys = [key.published, next.published]
    nowMs += 30_000

    expect((await verifier.verify(await newToken(next))).subject).toBe('u-olivia')
    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')

    server.state.keys = [next.published]
    nowMs += 600_000
    await expect(verifier.verify(await newToken())).rejects.toMatchObject(unauthenticated)
  })

  it('passes over published keys that are broken, symmetric, or not for signatures', async () => {
    const encryption = await makeKey('k1')
    server.state.keys = [
      { ...encryption.published, use: 'enc' },
      { kty: 'oct', kid: 'secret', k: 'AAAA', alg: 'HS256' },
      { kty: 'EC', kid: 'broken', crv: 'P-256', x: '!', y: '!', alg: 'ES256' },
      key.published,
    ]
    const verifier = open()

    expect((await verifier.verify(await newToken())).subject).toBe('u-olivia')
    const brokenKey = await sign({ ...key, kid: 'broken' }, claimsAt(nowMs))
    await expect(verifier.verify(brokenKey)).rejects.toMatchObject(unauthenticated)
  })

  it('refuses a token without a key id when several keys could be meant', async () => {
    const token = await sign(key, claimsAt(nowMs), { kid: undefined })
    const other = await makeKey('k2')
    server.state.keys = [key.published, other.published]

    await expect(open().verify(token)).rejects.toMatchObject(unauthenticated)
  })
})
