import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { TenantId } from '@leasehold/domain'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KeycloakUnderTest } from './keycloak-under-test.ts'
import { findLdapPrerequisites, type StartedLdap, startLdap } from './start-ldap.ts'

const file = new URL('../../../deploy/keycloak/ldap-federation.example.json', import.meta.url)
const acme = { id: 'ten_acme' as TenantId, slug: 'acme', name: 'Acme' }
const missing = await findLdapPrerequisites()

/** People of a company's directory, by the example that is shipped. */
export function ldapStories(keycloak: () => KeycloakUnderTest): void {
  const title = `an LDAP directory${missing === null ? '' : `: ${missing}`}`
  describe.skipIf(missing !== null)(title, () => {
    let folder: string
    let ldap: StartedLdap
    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'ldap-'))
      ldap = await startLdap(folder, 'linus')
      const example = JSON.parse(await readFile(file, 'utf8'))
      const { status } = await keycloak().admin('POST', '/leasehold/components', {
        ...example,
        config: {
          ...example.config,
          connectionUrl: [ldap.url],
          usersDn: [ldap.usersDn],
          bindDn: [ldap.reader.dn],
          bindCredential: [ldap.reader.password],
        },
      })
      expect(status).toBe(201)
    })
    afterAll(async () => {
      await ldap?.stop()
      await rm(folder, { recursive: true, force: true })
    })

    it('knows people who act for nobody until an owner lets them in by their address', async () => {
      const { accessToken: before } = await keycloak().signIn('linus')
      const email = 'linus@example.com'

      const { notice } = await keycloak().directory.add(acme, { email, name: null, role: 'member' })

      const { accessToken: after } = await keycloak().signIn('linus')
      const verifier = keycloak().verifier()
      expect(notice).toBe('not-needed')
      expect((await verifier.verify(before)).organizations).toEqual([])
      expect(await verifier.verify(after)).toMatchObject({
        email,
        organizations: [{ tenantId: 'ten_acme', role: 'member' }],
      })
    })

    it('keeps nobody else from signing in when it is down', async () => {
      await ldap.stop()

      const { accessToken } = await keycloak().signIn('mia')

      expect((await keycloak().verifier().verify(accessToken)).email).toBe('mia@acme.example')
      await expect(keycloak().signIn('linus')).rejects.toThrow()
    })
  })
}
