import type { Config } from './config.ts'
import { keycloakSettings } from './keycloak-settings.ts'
import type { EnvironmentSource, FileReader } from './read-settings.ts'
import type { Settings } from './settings.ts'

/** What `KEYCLOAK_JSON` says of the issuer, as the variables that say it otherwise; those that are set win. */
export function withKeycloakFile(
  source: EnvironmentSource,
  readFile: FileReader,
  faults: string[],
): EnvironmentSource {
  const path = source.KEYCLOAK_JSON
  if (path === undefined || path === '') return source
  try {
    const { issuer, audience, jwksUrl } = keycloakSettings(readFile(path))
    return {
      ...source,
      OIDC_ISSUER: source.OIDC_ISSUER || issuer,
      OIDC_AUDIENCE: source.OIDC_AUDIENCE || audience,
      OIDC_JWKS_URL: source.OIDC_JWKS_URL || jwksUrl,
    }
  } catch (error) {
    faults.push(`KEYCLOAK_JSON names a file that cannot be used: ${(error as Error).message}`)
    return source
  }
}

export function identityFaults(env: Settings): string[] {
  const faults: string[] = []
  if (env.OIDC_ISSUER === undefined && env.KEYCLOAK_PROVISIONER_SECRET !== undefined)
    faults.push('KEYCLOAK_PROVISIONER_SECRET needs OIDC_ISSUER or KEYCLOAK_JSON beside it')
  if (env.KEYCLOAK_PROVISIONER_SECRET !== undefined && adminUrlOf(env) === null)
    faults.push('KEYCLOAK_ADMIN_URL is needed: OIDC_ISSUER is not of the form …/realms/<realm>')
  if (!/\/admin\/realms\/[^/]+\/*$/.test(env.KEYCLOAK_ADMIN_URL ?? '/admin/realms/r'))
    faults.push('KEYCLOAK_ADMIN_URL must end with /admin/realms/<realm>')
  const pattern = env.OIDC_GROUP_PATTERN
  const isComplete = ['{tenant}', '{role}'].every((part) => pattern?.split(part).length === 2)
  if (pattern !== undefined && !isComplete)
    faults.push('OIDC_GROUP_PATTERN must hold {tenant} and {role}, each once')
  return faults
}

export function identityFrom(env: Settings): Config['identity'] {
  const { OIDC_ISSUER: given, OIDC_AUDIENCE: audience } = env
  if (given === undefined) {
    const { ISSUER_HOST: host, ISSUER_PORT: port, ISSUER_REALM: realm } = env
    const allowNetwork = env.ALLOW_DEVELOPMENT_ISSUER_IN_NETWORK
    return { kind: 'development', audience, host, port, realm, allowNetwork }
  }
  const issuer = given.replace(/\/+$/, '')
  return {
    kind: 'oidc',
    issuer: given,
    audience,
    jwksUrl: env.OIDC_JWKS_URL ?? `${issuer}/protocol/openid-connect/certs`,
    logoutClients: env.OIDC_LOGOUT_CLIENTS.split(',').flatMap((name) => name.trim() || []),
    claims: {
      rolesPath: env.OIDC_ROLES_CLAIM.split('.'),
      groups:
        env.OIDC_GROUP_PATTERN === undefined
          ? null
          : { path: env.OIDC_GROUPS_CLAIM.split('.'), pattern: env.OIDC_GROUP_PATTERN },
    },
    provisioner: provisionerFrom(env),
  }
}

type OidcIdentity = Extract<Config['identity'], { kind: 'oidc' }>

/** The token endpoint is where the Admin API is: inside a network both have another address than for people. */
function provisionerFrom(env: Settings): OidcIdentity['provisioner'] {
  const { KEYCLOAK_PROVISIONER_ID: clientId, KEYCLOAK_PROVISIONER_SECRET: clientSecret } = env
  const adminUrl = adminUrlOf(env)
  if (clientSecret === undefined || adminUrl === null) return null
  const realmUrl = adminUrl.replace(/\/admin\/realms\/([^/]+)$/, '/realms/$1')
  const tokenUrl = `${realmUrl}/protocol/openid-connect/token`
  return { clientId, clientSecret, adminUrl, tokenUrl }
}

/** Keycloak has the Admin API of `…/realms/<realm>` at `…/admin/realms/<realm>`. */
function adminUrlOf({ KEYCLOAK_ADMIN_URL: given, OIDC_ISSUER: issuer }: Settings): string | null {
  if (given !== undefined) return given.replace(/\/+$/, '')
  const [, server, realm] = /^(.+?)\/realms\/([^/]+)\/*$/.exec(issuer ?? '') ?? []
  return server === undefined ? null : `${server}/admin/realms/${realm}`
}
