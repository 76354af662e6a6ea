import { describe, expect, it } from 'vitest'
import { keycloakSettings } from './keycloak-settings.ts'

const exported = {
  realm: 'leasehold',
  'auth-server-url': 'https://id.example/auth/',
  'ssl-required': 'external',
  resource: 'leasehold-api',
  credentials: { secret: 'not for us' },
}

describe('an exported keycloak.json', () => {
  it('tells issuer, audience and where the keys are', () => {
    expect(keycloakSettings(JSON.stringify(exported))).toEqual({
      issuer: 'https://id.example/auth/realms/leasehold',
      audience: 'leasehold-api',
      jwksUrl: 'https://id.example/auth/realms/leasehold/protocol/openid-connect/certs',
    })
  })

  it.each([
    ['that is no JSON', '{', 'not valid JSON'],
    ['that is a list', '[]', 'one JSON object'],
    ['without a realm', JSON.stringify({ ...exported, realm: undefined }), '"realm"'],
    ['without a client', JSON.stringify({ ...exported, resource: ' ' }), '"resource"'],
    [
      'with a relative address',
      JSON.stringify({ ...exported, 'auth-server-url': '/auth' }),
      'address',
    ],
    [
      'with a file address',
      JSON.stringify({ ...exported, 'auth-server-url': 'file:///x' }),
      'https://',
    ],
    [
      'with a password in the address',
      JSON.stringify({ ...exported, 'auth-server-url': 'https://u:p@id.example' }),
      'plain address',
    ],
  ])('%s is refused with the field at fault', (_what, text, reason) => {
    expect(() => keycloakSettings(text)).toThrow(reason)
  })
})
