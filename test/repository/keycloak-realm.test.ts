import { realmFile } from '@leasehold/keycloak'
import { describe, expect, it } from 'vitest'
import { read } from './tracked-files.ts'

describe('the realm that is shipped', () => {
  it('is what the script builds from its description: npm run realm', () => {
    expect(read('deploy/keycloak/leasehold-realm.json')).toBe(realmFile())
  })

  it('holds no secret and nobody who can sign in', () => {
    const realm = JSON.parse(realmFile())

    const clients = realm.clients as readonly { readonly secret?: string }[]
    const secrets = clients.flatMap(({ secret }) => (secret === undefined ? [] : [secret]))
    expect(secrets).toEqual([`\${LEASEHOLD_PROVISIONER_SECRET}`])
    expect(realm.users.map(({ username }: { username: string }) => username)).toEqual([
      'service-account-leasehold-provisioner',
    ])
  })

  it('lets no program ask people for their passwords, and no flow put tokens into addresses', () => {
    const realm = JSON.parse(realmFile())

    for (const client of realm.clients) {
      expect(client.directAccessGrantsEnabled ?? false).toBe(false)
      expect(client.implicitFlowEnabled ?? false).toBe(false)
    }
  })
})
