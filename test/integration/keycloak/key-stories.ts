import { describe, expect, it } from 'vitest'
import { countingProxy } from './counting-proxy.ts'
import type { KeycloakUnderTest } from './keycloak-under-test.ts'

const cooldownMs = 30_000

/** Keys that change, clocks that differ, and tokens that name keys nobody has. */
export function keyStories(keycloak: () => KeycloakUnderTest): void {
  const addKey = async (
    providerId: string,
    config: Readonly<Record<string, readonly string[]>>,
  ) => {
    const realm = (await keycloak().admin('GET', '/leasehold')).body as { readonly id: string }
    const { status } = await keycloak().admin('POST', '/leasehold/components', {
      name: `${providerId} of a test`,
      providerId,
      providerType: 'org.keycloak.keys.KeyProvider',
      parentId: realm.id,
      config: { priority: ['200'], enabled: ['true'], active: ['true'], ...config },
    })
    expect(status).toBe(201)
  }

  describe('keys', () => {
    it('may be rotated while tokens of the old one go on', async () => {
      let skewMs = 0
      const verifier = keycloak().verifier({ now: () => Date.now() + skewMs })
      const { accessToken: before } = await keycloak().signIn('mia')
      await verifier.verify(before)

      await addKey('ecdsa-generated', { ecdsaEllipticCurveKey: ['P-256'] })
      const { accessToken: after } = await keycloak().signIn('mia')
      skewMs = cooldownMs + 1_000

      expect(headOf(after)).toMatchObject({ alg: 'ES256' })
      expect(headOf(after).kid).not.toBe(headOf(before).kid)
      expect((await verifier.verify(after)).organizations).toHaveLength(1)
      expect((await verifier.verify(before)).organizations).toHaveLength(1)
    })

    it('may be of the kind RS256', async () => {
      await addKey('rsa-generated', { algorithm: ['RS256'], keySize: ['2048'] })
      const { body } = await keycloak().admin('GET', '/leasehold')
      const realm = body as object
      await keycloak().admin('PUT', '/leasehold', { ...realm, defaultSignatureAlgorithm: 'RS256' })

      const { accessToken } = await keycloak().signIn('mia')

      expect(headOf(accessToken)).toMatchObject({ alg: 'RS256' })
      expect((await keycloak().verifier().verify(accessToken)).organizations).toHaveLength(1)
      await keycloak().admin('PUT', '/leasehold', { ...realm, defaultSignatureAlgorithm: 'ES256' })
    })

    it('that nobody has cost one fetch in half a minute, however many tokens name them', async () => {
      const proxy = await countingProxy(keycloak().jwksUrl)
      let skewMs = 0
      const now = () => Date.now() + skewMs
      const verifier = keycloak().verifier({ jwksUrl: proxy.url, now })
      const { accessToken } = await keycloak().signIn('mia')
      await verifier.verify(accessToken)
      const storm = () =>
        Promise.allSettled(
          Array.from({ length: 300 }, (_, index) =>
            verifier.verify(withKeyId(accessToken, `k${index}`)),
          ),
        )

      const results = await storm()
      const inFirstWindow = proxy.requests()
      skewMs = cooldownMs + 1_000
      await storm()
      await storm()
      await proxy.close()

      expect(results.every(({ status }) => status === 'rejected')).toBe(true)
      expect(inFirstWindow).toBe(1)
      expect(proxy.requests()).toBe(2)
    })

    it.each([-4_000, 4_000])('bear a clock that is %i ms off', async (skewMs) => {
      const { accessToken } = await keycloak().signIn('mia')
      const verifier = keycloak().verifier({ now: () => Date.now() + skewMs })

      expect((await verifier.verify(accessToken)).organizations).toHaveLength(1)
    })

    it('make no token outlive its time', async () => {
      const { accessToken } = await keycloak().signIn('mia')
      const { expiresAt } = await keycloak().verifier().verify(accessToken)
      const late = keycloak().verifier({ now: () => expiresAt + 6_000 })

      await expect(late.verify(accessToken)).rejects.toMatchObject({ code: 'auth/unauthenticated' })
    })
  })
}

function headOf(token: string): { readonly alg: string; readonly kid: string } {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

function withKeyId(token: string, kid: string): string {
  const rest = token.split('.').slice(1)
  return [
    Buffer.from(JSON.stringify({ ...headOf(token), kid })).toString('base64url'),
    ...rest,
  ].join('.')
}
