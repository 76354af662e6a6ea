import { loadConfig } from '@leasehold/config'
import type { TenantId } from '@leasehold/domain'
import { makeKeycloakMemberDirectory } from '@leasehold/identity'
import { developmentSecrets } from '@leasehold/keycloak'
import { describe, expect, it } from 'vitest'
import { checkIdentity } from '../../../apps/doctor/src/checks/identity.ts'
import { runChecks } from '../../../apps/doctor/src/run-checks.ts'
import { type KeycloakUnderTest, silent } from './keycloak-under-test.ts'

const acme = { id: 'ten_acme' as TenantId, slug: 'acme', name: 'Acme' }

/** docs/operate/rotating-secrets.md: “Keycloak's provisioner”. */
export function rotationStories(keycloak: () => KeycloakUnderTest): void {
  describe('the provisioner', () => {
    /** As an app that was started with this secret. */
    const managesWith = (clientSecret: string) =>
      makeKeycloakMemberDirectory({
        adminUrl: `${keycloak().url}/admin/realms/leasehold`,
        tokenUrl: keycloak().tokenUrl,
        clientId: 'leasehold-provisioner',
        clientSecret,
        now: () => Date.now(),
        log: silent,
      }).ensureOrganization(acme)

    const troublesWith = async (secret: string) => {
      const { issuer, jwksUrl } = keycloak()
      const config = loadConfig({
        OIDC_ISSUER: issuer,
        OIDC_JWKS_URL: jwksUrl,
        DATABASE_URL: 'postgres://x@127.0.0.1/x',
        KEYCLOAK_PROVISIONER_SECRET: secret,
      })
      const findings = await runChecks(checkIdentity(config), 20_000)
      return findings.filter(({ verdict }) => verdict !== 'ok').map(({ check }) => check)
    }

    it('gets another secret: who has the old one manages nobody, which the doctor finds, and tokens go on working', async () => {
      const old = developmentSecrets.provisioner
      const { admin, signIn, verifier } = keycloak()
      const { accessToken } = await signIn('mia')
      const found = await admin('GET', '/leasehold/clients?clientId=leasehold-provisioner')
      const [client] = found.body as readonly { readonly id: string }[]
      const place = `/leasehold/clients/${client?.id}`
      expect(await troublesWith(old)).toEqual([])
      try {
        const made = await admin('POST', `${place}/client-secret`)
        const next = (made.body as { readonly value: string }).value
        expect(next).not.toBe(old)

        await expect(managesWith(old)).rejects.toThrow()
        expect(await troublesWith(old)).toEqual(['provisioner'])
        await expect(managesWith(next)).resolves.not.toThrow()
        expect(await troublesWith(next)).toEqual([])
        expect((await verifier().verify(accessToken)).email).toBe('mia@acme.example')
      } finally {
        await admin('PUT', place, { ...client, secret: old })
      }
      await expect(managesWith(old)).resolves.not.toThrow()
    })
  })
}
