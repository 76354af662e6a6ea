import type { DomainError } from '@leasehold/domain'
import { CompactSign, exportSPKI } from 'jose'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tokenVerifierContract } from '../../testing/src/contracts/token-verifier-contract.ts'
import { claimsAt, makeKey, openKeyServer, sign } from '../test/local-issuer.ts'
import { makeTokenVerifier } from './token-verifier.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const start = 1_800_000_000_000

type Server = Awaited<ReturnType<typeof openKeyServer>>
type Key = Awaited<ReturnType<typeof makeKey>>

let key: Key
let server: Server
let nowMs: number
beforeEach(async () => {
  key = await makeKey('k1')
  server = await openKeyServer([key.published])
  nowMs = start
})
afterEach(() => server.close())

const open = () => makeTokenVerifier({ ...server, now: () => nowMs, log: silent })
const claims = (change?: Record<string, unknown>) => claimsAt(nowMs, change)
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')
const refused = { name: 'DomainError', code: 'auth/unauthenticated' }

describe('a good token', () => {
  it.each(['RS256', 'ES256', 'PS256', 'EdDSA'])('signed with %s names its caller', async (alg) => {
    const signer = await makeKey('k2', alg)
    server.state.keys = [key.published, signer.published]

    const caller = await open().verify(await sign(signer, claims()))

    expect(caller).toEqual({
      subject: 'u-olivia',
      email: 'olivia@acme.test',
      name: 'Olivia',
      expiresAt: start + 300_000,
      operatorRoles: [],
      organizations: [{ alias: 'acme', tenantId: 'ten_acme', role: 'owner' }],
    })
  })

  it('may be marked by its header alone, as RFC 9068 has it', async () => {
    const token = await sign(key, claims({ typ: undefined }), { typ: 'at+jwt' })

    expect((await open().verify(token)).subject).toBe('u-olivia')
  })

  it('costs one fetch of the keys, however many arrive at once', async () => {
    const verifier = open()
    const tokens = await Promise.all(
      Array.from({ length: 100 }, (_, index) => sign(key, claims({ jti: `${index}` }))),
    )

    await Promise.all(tokens.map((token) => verifier.verify(token)))

    expect(server.state.requests).toBe(1)
  })

  it('stays known for a minute even when its key is gone, and not longer', async () => {
    const verifier = open()
    const token = await sign(key, claims({ exp: start / 1_000 + 3_600 }))
    await verifier.verify(token)
    server.state.keys = []
    nowMs += 59_999

    expect((await verifier.verify(token)).subject).toBe('u-olivia')

    nowMs = start + 600_000
    await expect(verifier.verify(token)).rejects.toMatchObject(refused)
  })

  it('is refused the moment it expires, known or not', async () => {
    const verifier = open()
    const token = await sign(key, claims({ exp: start / 1_000 + 10 }))
    await verifier.verify(token)
    nowMs += 16_000

    await expect(verifier.verify(token)).rejects.toMatchObject(refused)
  })
})

describe('a token whose session is over', () => {
  const withSessions = (isEnded: (session: object) => Promise<boolean>) =>
    makeTokenVerifier({ ...server, now: () => nowMs, log: silent, sessions: { isEnded } })

  it('is refused, known or not', async () => {
    let isOver = false
    const asked: object[] = []
    const verifier = withSessions(async (session) => {
      asked.push(session)
      return isOver
    })
    const token = await sign(key, claims({ sid: 's-1' }))
    await verifier.verify(token)
    isOver = true

    await expect(verifier.verify(token)).rejects.toMatchObject(refused)
    await expect(verifier.verify(await sign(key, claims()))).rejects.toMatchObject(refused)

    const issuedAt = start
    expect(asked).toEqual([
      { subject: 'u-olivia', sessionId: 's-1', issuedAt },
      { subject: 'u-olivia', sessionId: 's-1', issuedAt },
      { subject: 'u-olivia', sessionId: null, issuedAt },
    ])
  })

  it('is over for who was let in before, also once the token has expired, which is no end by itself', async () => {
    let ended = 'no session'
    const verifier = withSessions(
      async (session) => 'sessionId' in session && session.sessionId === ended,
    )
    const token = await sign(key, claims({ sid: 's-1', exp: start / 1_000 + 10 }))
    await verifier.verify(token)
    nowMs += 3_600_000

    expect(await verifier.isOver(token)).toBe(false)
    ended = 's-1'
    expect(await verifier.isOver(token)).toBe(true)
    expect(await open().isOver(token)).toBe(false)
  })

  it('is not let in when nobody can say so', async () => {
    const verifier = withSessions(() => Promise.reject(new Error('the database is away')))

    await expect(verifier.verify(await sign(key, claims()))).rejects.toThrow('away')
  })
})

describe('a token is refused', () => {
  const seconds = start / 1_000
  it.each([
    ['with another issuer', { iss: 'https://id.test/realms/other' }],
    ['with an issuer that only begins like ours', { iss: 'https://id.test/realms/leasehold/' }],
    ['with a list of issuers', { iss: ['https://id.test/realms/leasehold'] }],
    ['without an issuer', { iss: undefined }],
    ['for another audience', { aud: 'account' }],
    ['for an audience that contains ours', { aud: 'leasehold-api-2' }],
    ['without an audience', { aud: undefined }],
    ['that is an ID token', { typ: 'ID' }],
    ['that is a refresh token', { typ: 'Refresh' }],
    ['that is a logout token', { typ: 'Logout' }],
    ['without a type', { typ: undefined }],
    ['with a list as its type', { typ: ['Bearer'] }],
    ['without an expiry', { exp: undefined }],
    ['with an expiry that is a text', { exp: `${seconds + 300}` }],
    ['that has expired', { exp: seconds - 6 }],
    ['that is not valid yet', { nbf: seconds + 60 }],
    ['with a begin that is a text', { nbf: 'never' }],
    ['without a subject', { sub: undefined }],
    ['with a subject that is a number', { sub: 7 }],
    ['with an empty subject', { sub: '' }],
  ])('%s', async (_what, change) => {
    await expect(open().verify(await sign(key, claims(change)))).rejects.toMatchObject(refused)
  })

  it.each([
    ['with algorithm none', { alg: 'none', kid: 'k1', typ: 'JWT' }],
    ['with algorithm none in other letters', { alg: 'nOnE', kid: 'k1', typ: 'JWT' }],
    ['with an algorithm that is a list', { alg: ['ES256'], kid: 'k1' }],
    ['with a critical header nobody knows', { alg: 'ES256', kid: 'k1', crit: ['x'], x: 1 }],
    ['with a header that is a list', ['ES256']],
    ['with a header that is null', null],
  ])('%s', async (_what, header) => {
    const [, body = '', signature = ''] = (await sign(key, claims())).split('.')

    for (const end of ['', signature])
      await expect(open().verify(`${encoded(header)}.${body}.${end}`)).rejects.toMatchObject(
        refused,
      )
  })

  it('signed by HMAC with the public key as the secret', async () => {
    const secret = new TextEncoder().encode(await exportSPKI(key.publicKey))

    const token = await sign({ kid: 'k1', alg: 'HS256', privateKey: secret }, claims())

    await expect(open().verify(token)).rejects.toMatchObject(refused)
  })

  it('signed with an algorithm the published key is not for', async () => {
    const rsa = await makeKey('k2', 'PS256')
    server.state.keys = [{ ...rsa.published, alg: 'RS256' }]

    await expect(open().verify(await sign(rsa, claims()))).rejects.toMatchObject(refused)
  })

  it('signed by a key inside the token itself', async () => {
    const stranger = await makeKey('k1')

    const token = await sign(stranger, claims(), { jwk: stranger.published })

    await expect(open().verify(token)).rejects.toMatchObject(refused)
  })

  it('that is marked as another kind in its header', async () => {
    const token = await sign(key, claims(), { typ: 'logout+jwt' })

    await expect(open().verify(token)).rejects.toMatchObject(refused)
  })

  it.each([[[claimsAt(start)]], ['text'], [7], [null]])(
    'whose payload is no object (%#)',
    async (payload) => {
      const token = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
        .setProtectedHeader({ alg: 'ES256', kid: 'k1', typ: 'JWT' })
        .sign(key.privateKey)

      await expect(open().verify(token)).rejects.toMatchObject(refused)
    },
  )

  it('with words that say what to do and not which check failed', async () => {
    const messages = await Promise.all(
      [{ exp: seconds - 60 }, { iss: 'x' }, { aud: 'x' }].map(async (change) =>
        open()
          .verify(await sign(key, claims(change)))
          .catch((error: DomainError) => error.message),
      ),
    )

    expect(new Set(messages).size).toBe(1)
    expect(messages[0]).toContain('Sign in again')
  })
})

tokenVerifierContract('jose with a local key endpoint', async () => {
  const signer = await makeKey('c1', 'RS256')
  const keyServer = await openKeyServer([signer.published])
  const token = (change: Record<string, unknown> = {}) =>
    sign(signer, claimsAt(Date.now(), { jti: crypto.randomUUID(), ...change }))
  return {
    verifier: makeTokenVerifier({ ...keyServer, now: Date.now, log: silent }),
    memberToken: () => token(),
    organization: { alias: 'acme', tenantId: 'ten_acme', role: 'owner' },
    operatorToken: () => token({ realm_access: { roles: ['operator'] }, organization: undefined }),
    idToken: () => token({ typ: 'ID' }),
    foreignAudienceToken: () => token({ aud: 'another-api' }),
    close: keyServer.close,
  }
})
