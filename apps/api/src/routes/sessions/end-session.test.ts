import { testIssuer } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { type AnApi, anApi, roomySettings, verdict } from '../../../test/api-harness.ts'

const path = '/v1/backchannel-logout'
const form = { 'content-type': 'application/x-www-form-urlencoded' }
const invalid = { status: 400, code: 'request/invalid' }

const send = (api: AnApi, body: string, headers: Record<string, string> = form) =>
  api.tenant('POST', path, { as: null, body, headers })

function anEnd({ platform }: AnApi): string {
  const endedAt = platform.clock.now()
  return platform.logoutTokens.issue({
    issuer: testIssuer,
    subject: 'mia',
    sessionId: 's',
    endedAt,
  })
}

describe('the end of a sign-in', () => {
  it('is taken without a token of a caller, recorded, and answered with nothing to keep', async () => {
    const api = await anApi()

    const answer = await send(api, `logout_token=${anEnd(api)}&other=ignored`)

    expect(answer.statusCode).toBe(204)
    expect(answer.body).toBe('')
    expect(answer.headers['cache-control']).toBe('no-store')
    const session = { subject: 'mia', sessionId: 's', issuedAt: api.platform.clock.now() }
    expect(await api.platform.sessions.isEnded(session)).toBe(true)
  })

  it('is refused the second time that the same logout token comes', async () => {
    const api = await anApi()
    const token = anEnd(api)
    await send(api, `logout_token=${token}`)

    expect(verdict(await send(api, `logout_token=${token}`))).toEqual(invalid)
  })

  it.each([
    ['a token nobody issued', 'logout_token=made-up'],
    ['nothing', ''],
    ['an empty token', 'logout_token='],
    ['another field', 'token=x'],
    ['an endless token', `logout_token=${'x'.repeat(16_385)}`],
  ])('is refused with %s', async (_what, body) => {
    expect(verdict(await send(await anApi(), body))).toEqual(invalid)
  })

  it('is refused when it is said twice in one form', async () => {
    const api = await anApi()
    const [one, other] = [anEnd(api), anEnd(api)]

    const answer = await send(api, `logout_token=${one}&logout_token=${other}`)

    expect(verdict(answer)).toEqual(invalid)
    expect(await api.platform.endedSessions.list(testIssuer, null, 10)).toEqual([])
  })

  it('is read from a form of a size that fits, and from nothing else', async () => {
    const api = await anApi()
    const json = { 'content-type': 'application/json' }

    const asJson = await send(api, JSON.stringify({ logout_token: anEnd(api) }), json)
    const large = await send(api, `logout_token=${'x'.repeat(40_000)}`)

    expect(verdict(asJson)).toEqual({ status: 415, code: 'request/unsupported-media-type' })
    expect(verdict(large)).toEqual({ status: 413, code: 'request/too-large' })
  })

  it('is not stored while the database is away, and can be said again', async () => {
    const api = await anApi()
    const token = anEnd(api)
    api.platform.endedSessions.faults.next('add', { kind: 'fail-before' })

    expect((await send(api, `logout_token=${token}`)).statusCode).toBeGreaterThanOrEqual(500)

    expect((await send(api, `logout_token=${token}`)).statusCode).toBe(204)
  })

  it('is not heard for a while from where guesses come, and good ones cost nothing', async () => {
    const refusals = { perSecond: 1e-9, burst: 3 }
    const { rateLimits } = roomySettings
    const api = await anApi({ rateLimits: { ...rateLimits, refusals } })
    for (let count = 0; count < 5; count++)
      expect((await send(api, `logout_token=${anEnd(api)}`)).statusCode).toBe(204)

    for (let count = 0; count < 3; count++)
      expect((await send(api, 'logout_token=guess')).statusCode).toBe(400)

    const answer = await send(api, `logout_token=${anEnd(api)}`)
    expect(verdict(answer)).toEqual({ status: 429, code: 'request/rate-limited' })
    expect((await api.tenant('GET', '/v1/me')).statusCode).toBe(429)
  })
})
