import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { type KeycloakUnderTest, postForm } from './keycloak-under-test.ts'

const file = new URL('../../../deploy/keycloak/leasehold-realm.json', import.meta.url)
const secret = 'a-secret-of-the-test'

/** The file that operators import, beside the realm for development that is made from the same parts. */
export function shippedRealmStories(keycloak: () => KeycloakUnderTest): void {
  const as = async (method: string, place: string, body?: unknown) => {
    const { access_token: token } = await postForm(
      `${keycloak().url}/realms/shipped/protocol/openid-connect/token`,
      {
        grant_type: 'client_credentials',
        client_id: 'leasehold-provisioner',
        client_secret: secret,
      },
    )
    const response = await fetch(`${keycloak().url}/admin/realms/shipped${place}`, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    await response.arrayBuffer()
    return response.status
  }

  describe('the realm that is shipped', () => {
    beforeAll(async () => {
      const text = withValues(await readFile(file, 'utf8'), {
        LEASEHOLD_PROVISIONER_SECRET: secret,
      })
      const realm = { ...JSON.parse(text), realm: 'shipped' }
      expect((await keycloak().admin('POST', '', realm)).status).toBe(201)
    })

    it('lets the provisioner manage organizations and people, and nothing else', async () => {
      const organization = { name: 'Initech', alias: 'initech', enabled: true }

      expect(await as('POST', '/organizations', organization)).toBe(201)
      expect(await as('GET', '/users')).toBe(200)
      for (const [method, place, body] of [
        ['GET', '/clients', undefined],
        ['POST', '/clients', { clientId: 'mine' }],
        ['PUT', '', { enabled: false }],
        ['POST', '/roles', { name: 'mine' }],
        ['GET', '/events', undefined],
        ['GET', '/keys', undefined],
        ['POST', '/components', { name: 'mine' }],
      ] as const)
        expect({ place, status: await as(method, place, body) }).toEqual({ place, status: 403 })
    })

    it('takes no weak password', async () => {
      const person = { username: 'weak', enabled: true }
      const credentials = [{ type: 'password', value: 'short', temporary: false }]

      expect(await as('POST', '/users', { ...person, credentials })).toBe(400)
    })

    it('has what it is described to have', async () => {
      const { body } = await keycloak().admin('GET', '/shipped')

      expect(body).toMatchObject({
        organizationsEnabled: true,
        bruteForceProtected: true,
        defaultSignatureAlgorithm: 'ES256',
        accessTokenLifespan: 300,
        revokeRefreshToken: true,
        eventsEnabled: true,
        adminEventsEnabled: true,
        registrationAllowed: false,
        otpPolicyType: 'totp',
      })
    })
  })
}

/** As Keycloak does with a file that it imports: values of its environment, else what stands after the colon. */
function withValues(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{(\w+)(?::([^}]*))?\}/g, (all, name: string, usual?: string) => {
    return values[name] ?? usual ?? all
  })
}
