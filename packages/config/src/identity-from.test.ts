import { describe, expect, it } from 'vitest'
import { loadConfig } from './load-config.ts'

function unreadable(): string {
  throw new Error('ENOENT')
}

const issuer = 'https://id.example/auth/realms/leasehold'
const exported = JSON.stringify({
  realm: 'leasehold',
  'auth-server-url': 'https://id.example/auth/',
  resource: 'from-the-file',
})

describe('the identity provider', () => {
  it('is found by the keycloak.json that the console exports', () => {
    const { identity } = loadConfig({ KEYCLOAK_JSON: '/keycloak.json' }, () => exported)

    expect(identity).toMatchObject({
      kind: 'oidc',
      issuer,
      audience: 'from-the-file',
      jwksUrl: `${issuer}/protocol/openid-connect/certs`,
    })
  })

  it('names the clients whose sign-ins it may end', () => {
    const source = { OIDC_ISSUER: issuer, OIDC_LOGOUT_CLIENTS: 'leasehold-cli, console,' }

    expect(loadConfig({ OIDC_ISSUER: issuer }).identity).toMatchObject({
      logoutClients: ['leasehold-cli'],
    })
    expect(loadConfig(source).identity).toMatchObject({
      logoutClients: ['leasehold-cli', 'console'],
    })
  })

  it('is what is set where file and variables differ', () => {
    const source = { KEYCLOAK_JSON: '/keycloak.json', OIDC_AUDIENCE: 'set' }

    expect(loadConfig(source, () => exported).identity).toMatchObject({ issuer, audience: 'set' })
  })

  it.each([
    ['cannot be read', unreadable],
    ['is no keycloak.json', () => '{}'],
  ])('is not guessed when the file %s', (_what, readFile) => {
    expect(() => loadConfig({ KEYCLOAK_JSON: '/keycloak.json' }, readFile)).toThrow(
      'KEYCLOAK_JSON names a file that cannot be used',
    )
  })

  it('is changed by Leasehold only with a secret of its own for that', () => {
    const source = { OIDC_ISSUER: issuer }
    const withSecret = { ...source, KEYCLOAK_PROVISIONER_SECRET: 'a secret' }

    expect(loadConfig(source).identity).toMatchObject({ provisioner: null })
    expect(loadConfig(withSecret).identity).toMatchObject({
      provisioner: {
        clientId: 'leasehold-provisioner',
        clientSecret: 'a secret',
        adminUrl: 'https://id.example/auth/admin/realms/leasehold',
        tokenUrl: `${issuer}/protocol/openid-connect/token`,
      },
    })
  })

  it('is spoken to at another address than by people, where one is set', () => {
    const { identity } = loadConfig({
      OIDC_ISSUER: issuer,
      KEYCLOAK_ADMIN_URL: 'http://keycloak:8080/admin/realms/leasehold',
      KEYCLOAK_PROVISIONER_SECRET: 'a secret',
    })

    expect(identity).toMatchObject({
      issuer,
      provisioner: {
        tokenUrl: 'http://keycloak:8080/realms/leasehold/protocol/openid-connect/token',
      },
    })
  })

  it('may be another one, with groups that name tenants', () => {
    const { identity } = loadConfig({
      OIDC_ISSUER: 'https://other.example',
      OIDC_JWKS_URL: 'https://other.example/keys',
      OIDC_ROLES_CLAIM: 'leasehold.roles',
      OIDC_GROUP_PATTERN: 'leasehold-{tenant}-{role}',
    })

    expect(identity).toMatchObject({
      claims: {
        rolesPath: ['leasehold', 'roles'],
        groups: { path: ['groups'], pattern: 'leasehold-{tenant}-{role}' },
      },
    })
  })

  it.each([
    [{ KEYCLOAK_PROVISIONER_SECRET: 'x' }, 'needs OIDC_ISSUER'],
    [
      { OIDC_ISSUER: 'https://other.example', KEYCLOAK_PROVISIONER_SECRET: 'x' },
      'KEYCLOAK_ADMIN_URL',
    ],
    [{ OIDC_ISSUER: issuer, KEYCLOAK_ADMIN_URL: 'http://keycloak:8080' }, '/admin/realms/<realm>'],
    [{ OIDC_ISSUER: issuer, OIDC_GROUP_PATTERN: 'leasehold-{tenant}' }, '{role}'],
    [{ OIDC_ISSUER: issuer, OIDC_GROUP_PATTERN: '{tenant}{tenant}{role}' }, 'each once'],
  ])('is refused as in %j', (source, reason) => {
    expect(() => loadConfig(source)).toThrow(reason)
  })
})
