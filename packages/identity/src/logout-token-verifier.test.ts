import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimsAt, makeKey, openKeyServer, sign } from '../test/local-issuer.ts'
import { makeIssuerKeys } from './issuer-keys.ts'
import { makeLogoutTokenVerifier } from './logout-token-verifier.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const start = 1_800_000_000_000
const seconds = start / 1_000
const event = 'http://schemas.openid.net/event/backchannel-logout'
const refused = { name: 'DomainError', code: 'request/invalid' }

let key: Awaited<ReturnType<typeof makeKey>>
let server: Awaited<ReturnType<typeof openKeyServer>>
beforeEach(async () => {
  key = await makeKey('k1')
  server = await openKeyServer([key.published])
})
afterEach(() => server.close())

const open = () =>
  makeLogoutTokenVerifier({
    issuer: server.issuer,
    clients: ['leasehold-cli', 'leasehold-web'],
    keys: makeIssuerKeys({ jwksUrl: server.jwksUrl, now: () => start, log: silent }),
    now: () => start,
  })

/** As Keycloak writes them; `change` overrides, undefined removes. */
const logoutClaims = (change: Record<string, unknown> = {}) => ({
  iss: server.issuer,
  aud: 'leasehold-cli',
  sub: 'u-olivia',
  sid: 's-1',
  jti: 'j-1',
  typ: 'Logout',
  iat: seconds,
  exp: seconds + 60,
  events: { [event]: { revoke_offline_access: true } },
  ...change,
})
const header = { typ: 'logout+jwt' }

describe('a logout token', () => {
  it('says which session is over, and since when', async () => {
    const notice = await open().verify(await sign(key, logoutClaims(), header))

    expect(notice).toEqual({
      tokenId: 'j-1',
      session: { issuer: server.issuer, subject: 'u-olivia', sessionId: 's-1', endedAt: start },
    })
  })

  it.each([
    ['marked by its header alone', { typ: undefined }, header, 's-1'],
    ['marked by its claim alone', {}, { typ: 'JWT' }, 's-1'],
    ['without an expiry', { exp: undefined }, header, 's-1'],
    ['of the other client', { aud: ['leasehold-web'] }, header, 's-1'],
    ['without a session', { sid: undefined }, header, null],
    ['without a subject', { sub: undefined }, header, 's-1'],
  ])('is good %s', async (_what, change, head, sessionId) => {
    const { session } = await open().verify(await sign(key, logoutClaims(change), head))

    expect(session.sessionId).toBe(sessionId)
  })
})

describe('a logout token is refused', () => {
  it.each([
    ['with another issuer', { iss: 'https://id.test/realms/other' }],
    ['without an issuer', { iss: undefined }],
    ['for a client that is not ours', { aud: 'account' }],
    ['for the audience of access tokens', { aud: 'leasehold-api' }],
    ['without an audience', { aud: undefined }],
    ['that does not say when it was issued', { iat: undefined }],
    ['that is old', { iat: seconds - 126 }],
    ['from the future', { iat: seconds + 6 }],
    ['that has expired', { exp: seconds - 6 }],
    ['without an id', { jti: undefined }],
    ['with an id that is no text', { jti: 7 }],
    ['with an endless id', { jti: 'j'.repeat(256) }],
    ['with a nonce', { nonce: 'n' }],
    ['with an empty nonce', { nonce: null }],
    ['without events', { events: undefined }],
    ['with another event', { events: { 'http://schemas.openid.net/event/other': {} } }],
    ['with a list of events', { events: [event] }],
    ['with an event that is no object', { events: { [event]: true } }],
    ['with an event that only every object has', { events: Object.create({ [event]: {} }) }],
    ['about nobody and nothing', { sub: undefined, sid: undefined }],
    ['with a session that is a number', { sid: 7 }],
    ['with an empty session', { sid: '' }],
    ['with a subject that is a list', { sub: ['u-olivia'] }],
    ['that says it is an access token', { typ: 'Bearer' }],
  ])('%s', async (_what, change) => {
    const token = await sign(key, logoutClaims(change), header)

    await expect(open().verify(token)).rejects.toMatchObject(refused)
  })

  it('that is an access token with everything else', async () => {
    const claims = { ...logoutClaims(), ...claimsAt(start), aud: 'leasehold-cli' }

    await expect(open().verify(await sign(key, claims))).rejects.toMatchObject(refused)
  })

  it('signed by a key that the issuer does not have', async () => {
    const stranger = await makeKey('k1')

    await expect(open().verify(await sign(stranger, logoutClaims(), header))).rejects.toMatchObject(
      refused,
    )
  })

  it('without a signature', async () => {
    const [, body = ''] = (await sign(key, logoutClaims(), header)).split('.')
    const head = Buffer.from('{"alg":"none","typ":"logout+jwt"}').toString('base64url')

    await expect(open().verify(`${head}.${body}.`)).rejects.toMatchObject(refused)
  })

  it.each(['', 'x', 'a.b.c', 'x'.repeat(1_000_000)])('that is no token (%#)', async (text) => {
    await expect(open().verify(text)).rejects.toMatchObject(refused)
  })

  it('with the same words, whatever is wrong', async () => {
    const messages = await Promise.all(
      [{ iss: 'x' }, { nonce: 'n' }, { iat: 1 }, { sid: 7 }].map(async (change) =>
        open()
          .verify(await sign(key, logoutClaims(change), header))
          .catch((error: Error) => error.message),
      ),
    )

    expect(new Set(messages).size).toBe(1)
  })

  it('for the moment when the keys cannot be had', async () => {
    server.state.behaviour = (_request, response) => response.writeHead(500).end()

    await expect(open().verify(await sign(key, logoutClaims(), header))).rejects.toMatchObject({
      code: 'service/unavailable',
    })
  })
})
