import { describe, expect, it } from 'vitest'
import { makeKey, openKeyServer } from '../test/local-issuer.ts'
import { makeIssuerCheck } from './issuer-check.ts'

const { signal } = new AbortController()

describe('the check of an issuer', () => {
  it('passes while keys are published, and asks for them every 5 seconds at most', async () => {
    const server = await openKeyServer([(await makeKey('k1')).published])
    let now = 0
    const check = makeIssuerCheck(server.jwksUrl, () => now)

    for (const at of [0, 4_999, 5_000]) {
      now = at
      await check(signal)
    }
    await server.close()

    expect(server.state.requests).toBe(2)
  })

  it.each(['no key', 'no answer'])('fails when there is %s', async (what) => {
    const server = await openKeyServer([])
    if (what === 'no answer') await server.close()

    await expect(makeIssuerCheck(server.jwksUrl, () => 0)(signal)).rejects.toThrow()

    if (what === 'no key') await server.close()
  })
})
