import { makeNoteCaller } from '@leasehold/application'
import { serviceClientId, signInByCode, signInByDeviceFlow } from '@leasehold/dev-issuer'
import { developmentSecrets } from '@leasehold/keycloak'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { type KeycloakUnderTest, postForm } from './keycloak-under-test.ts'

/** Every way in which somebody comes by a token, and what the token lets them be. */
export function signInStories(keycloak: () => KeycloakUnderTest): void {
  describe('signing in', () => {
    it.each([
      ['the device flow', signInByDeviceFlow],
      ['a code with PKCE', signInByCode],
    ] as const)('works by %s, through the real pages', async (_name, signIn) => {
      const { issuer } = keycloak()

      const { accessToken, expiresInSeconds } = await signIn(issuer, 'olivia', 'olivia')

      const caller = await keycloak().verifier().verify(accessToken)
      expect(caller).toMatchObject({
        email: 'olivia@acme.example',
        name: 'Olivia Owner',
        organizations: [{ alias: 'acme', tenantId: 'ten_acme', role: 'owner' }],
      })
      expect(expiresInSeconds).toBeLessThanOrEqual(300)
    })

    it('fails with a wrong password, and soon for the right one, too', async () => {
      const { issuer } = keycloak()

      await expect(signInByCode(issuer, 'victor', 'wrong')).rejects.toThrow('Invalid')
      await expect(signInByCode(issuer, 'victor', 'wrong')).rejects.toThrow('Invalid')

      await expect(signInByCode(issuer, 'victor', 'victor')).rejects.toThrow('Invalid')
    })

    it('works for a program with a secret, which belongs to a tenant as people do', async () => {
      const answer = await postForm(keycloak().tokenUrl, {
        grant_type: 'client_credentials',
        client_id: serviceClientId,
        client_secret: developmentSecrets.service,
        scope: 'organization:acme',
      })

      const caller = await keycloak()
        .verifier()
        .verify(answer.access_token ?? '')

      expect(caller.organizations).toEqual([
        { alias: 'acme', tenantId: 'ten_acme', role: 'member' },
      ])
      expect(caller.operatorRoles).toEqual([])
    })

    it.each(['openid', 'openid organization:globex'])(
      'gives no tenant to a member of acme who asks for %j',
      async (scope) => {
        const { accessToken } = await keycloak().signIn('mia', scope)
        const caller = await keycloak().verifier().verify(accessToken)
        const noteCaller = makeNoteCaller(await aPlatform())

        expect(caller.organizations).toEqual([])
        await expect(noteCaller(caller, null)).rejects.toMatchObject({ code: 'auth/forbidden' })
        await expect(noteCaller(caller, 'acme')).rejects.toMatchObject({ code: 'auth/forbidden' })
      },
    )

    it('lets a member of two tenants say for which one they act', async () => {
      const { accessToken } = await keycloak().signIn('tess')
      const caller = await keycloak().verifier().verify(accessToken)
      const noteCaller = makeNoteCaller(await aPlatform())

      await expect(noteCaller(caller, null)).rejects.toMatchObject({ code: 'request/invalid' })
      expect(await noteCaller(caller, 'acme')).toMatchObject({ role: 'member' })
      expect(await noteCaller(caller, 'globex')).toMatchObject({ role: 'viewer' })
      await expect(noteCaller(caller, 'other')).rejects.toMatchObject({ code: 'tenant/not-found' })
    })
  })
}
