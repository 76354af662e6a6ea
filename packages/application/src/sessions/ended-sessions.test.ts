import { aPlatform, InjectedFault } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { LogoutNotice } from '../ports/ended-sessions.ts'
import { makeEndSession } from './end-session.ts'
import { endedSessionKeepMs, makeEndedSessions } from './ended-sessions.ts'

const issuer = 'https://id.example/realms/leasehold'

/** A platform, and two processes of it that share its store. */
async function twoReplicas() {
  const platform = await aPlatform()
  const open = () => makeEndedSessions({ ...platform, issuer })
  const issuedAt = platform.clock.now()
  const token = { subject: 'mia', sessionId: 's1', issuedAt }
  let count = 0
  const notice = (session: Partial<LogoutNotice['session']> = {}): LogoutNotice => ({
    session: { issuer, subject: 'mia', sessionId: 's1', endedAt: issuedAt, ...session },
    tokenId: `jti-${++count}`,
  })
  const statements = () => platform.endedSessions.faults.calls('list')
  return { platform, here: open(), there: open(), token, notice, statements }
}

describe('a session that is over', () => {
  it('takes its tokens along at once where it was said, and elsewhere within a second', async () => {
    const { platform, here, there, token, notice } = await twoReplicas()
    expect(await there.isEnded(token)).toBe(false)

    expect(await here.end(notice())).toBe(true)

    expect(await here.isEnded(token)).toBe(true)
    platform.clock.advance(1_000)
    expect(await there.isEnded(token)).toBe(true)
  })

  it('takes nothing from other sessions, and nothing that was issued afterwards', async () => {
    const { here, token, notice } = await twoReplicas()

    await here.end(notice())

    expect(await here.isEnded({ ...token, sessionId: 's2' })).toBe(false)
    expect(await here.isEnded({ ...token, sessionId: null })).toBe(false)
    expect(await here.isEnded({ ...token, issuedAt: token.issuedAt + 1_000 })).toBe(false)
  })

  it('is every session of a person when the issuer names none', async () => {
    const { here, token, notice } = await twoReplicas()

    await here.end(notice({ sessionId: null }))

    expect(await here.isEnded(token)).toBe(true)
    expect(await here.isEnded({ ...token, sessionId: 's2' })).toBe(true)
    expect(await here.isEnded({ ...token, subject: 'olivia' })).toBe(false)
    expect(await here.isEnded({ ...token, issuedAt: token.issuedAt + 1_000 })).toBe(false)
  })

  it('is known after a restart', async () => {
    const { platform, here, token, notice } = await twoReplicas()
    await here.end(notice())

    const started = makeEndedSessions({ ...platform, issuer })

    expect(await started.isEnded(token)).toBe(true)
  })

  it('is forgotten when no token of it can be alive', async () => {
    const { platform, here, token, notice } = await twoReplicas()
    await here.end(notice())

    platform.clock.advance(endedSessionKeepMs)
    await platform.endedSessions.prune(platform.clock.now())
    await here.isEnded(token)

    expect(await here.isEnded(token)).toBe(false)
  })

  it('costs at most one statement in half a second, however many ask', async () => {
    const { platform, here, token, statements } = await twoReplicas()

    for (let ask = 0; ask < 100; ask++) {
      await Promise.all(Array.from({ length: 10 }, () => here.isEnded(token)))
      platform.clock.advance(100)
    }

    expect(statements()).toBeLessThanOrEqual(20)
    expect(statements()).toBeGreaterThanOrEqual(10)
  })

  it('keeps everybody waiting when nobody can say who is signed in, and nobody before', async () => {
    const { platform, here, token } = await twoReplicas()
    await here.isEnded(token)
    platform.endedSessions.faults.next('list', { kind: 'fail-before' })
    platform.endedSessions.faults.next('list', { kind: 'fail-before' })

    platform.clock.advance(600)
    expect(await here.isEnded(token)).toBe(false)
    platform.clock.advance(400)
    await expect(here.isEnded(token)).rejects.toThrow(InjectedFault)

    expect(await here.isEnded(token)).toBe(false)
  })
})

describe('ending a session', () => {
  it('refuses a logout token that was used before, on whichever replica', async () => {
    const { here, there, notice } = await twoReplicas()
    const said = notice()
    const logoutTokens = { verify: async () => said }

    await makeEndSession({ logoutTokens, sessions: here })('token')

    await expect(makeEndSession({ logoutTokens, sessions: there })('token')).rejects.toMatchObject({
      code: 'request/invalid',
    })
  })
})
