import type { TenantId } from '@leasehold/domain'
import { makeIssuerCheck } from '@leasehold/identity'
import { describe, expect, it } from 'vitest'
import type { KeycloakUnderTest } from './keycloak-under-test.ts'

const fetchTimeoutMs = 300
const directoryLimitMs = 20_000
const acme = { id: 'ten_acme' as TenantId, slug: 'acme', name: 'Acme' }

/** Keycloak hangs: its connections are taken, and nothing is answered. */
export function outageStories(keycloak: () => KeycloakUnderTest): void {
  const whileFrozen = async (story: () => Promise<void>) => {
    const pid = keycloak().pid()
    process.kill(pid, 'SIGSTOP')
    try {
      await story()
    } finally {
      process.kill(pid, 'SIGCONT')
    }
  }

  describe('while Keycloak hangs', () => {
    it('tokens go on working until they expire, those that were never seen as well', async () => {
      let skewMs = 0
      const now = () => Date.now() + skewMs
      const verifier = keycloak().verifier({ now, keyTimes: { fetchTimeoutMs } })
      const [{ accessToken: seen }, { accessToken: unseen }] = (await Promise.all(
        ['mia', 'olivia'].map((name) => keycloak().signIn(name)),
      )) as [
        Awaited<ReturnType<KeycloakUnderTest['signIn']>>,
        Awaited<ReturnType<KeycloakUnderTest['signIn']>>,
      ]
      const { expiresAt } = await verifier.verify(seen)

      await whileFrozen(async () => {
        // Two minutes later; what was verified a minute ago is verified anew.
        skewMs = 120_000
        expect((await verifier.verify(seen)).email).toBe('mia@acme.example')
        expect((await verifier.verify(unseen)).email).toBe('olivia@acme.example')
        skewMs = expiresAt - Date.now() + 6_000
        await expect(verifier.verify(seen)).rejects.toMatchObject({ code: 'auth/unauthenticated' })
      })
    })

    it('who has no keys yet says so within the time limit, and works again afterwards', async () => {
      const verifier = keycloak().verifier({
        keyTimes: { fetchTimeoutMs, failureCooldownMs: 1 },
      })
      const { accessToken } = await keycloak().signIn('mia')

      await whileFrozen(async () => {
        const startedAt = performance.now()
        await expect(verifier.verify(accessToken)).rejects.toMatchObject({
          code: 'service/unavailable',
        })
        expect(performance.now() - startedAt).toBeLessThan(fetchTimeoutMs * 10)
      })

      await expect
        .poll(
          () =>
            verifier.verify(accessToken).then(
              ({ email }) => email,
              () => null,
            ),
          {
            timeout: 20_000,
          },
        )
        .toBe('mia@acme.example')
    })

    it('readiness is told so, and told when it is over', async () => {
      const { signal } = new AbortController()
      let now = 0
      const check = makeIssuerCheck(keycloak().jwksUrl, () => (now += 60_000))

      await whileFrozen(() => expect(check(signal)).rejects.toThrow())

      await expect
        .poll(() => check(signal).then(() => 'well', String), { timeout: 20_000 })
        .toBe('well')
    })

    it(
      'nobody can be let in, which is said within seconds',
      async () => {
        await whileFrozen(async () => {
          const startedAt = performance.now()
          const asking = keycloak().directory.list(acme, { limit: 1, cursor: null })

          await expect(asking).rejects.toMatchObject({ code: 'service/unavailable' })
          expect(performance.now() - startedAt).toBeLessThan(directoryLimitMs)
        })
      },
      2 * directoryLimitMs,
    )
  })
}
