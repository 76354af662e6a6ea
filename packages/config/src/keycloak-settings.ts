/** What a `keycloak.json` tells: where tokens come from, for whom, and where the keys are. */
export type KeycloakSettings = {
  readonly issuer: string
  readonly audience: string
  readonly jwksUrl: string
}

/**
 * Reads the adapter configuration that Keycloak's console exports for a client (`realm`,
 * `auth-server-url`, `resource`). Everything else in it, a client secret too, is ignored. Throws an
 * error that names the field at fault.
 */
export function keycloakSettings(text: string): KeycloakSettings {
  const fields = parse(text)
  const realm = fieldOf(fields, 'realm')
  const audience = fieldOf(fields, 'resource')
  const server = serverOf(fieldOf(fields, 'auth-server-url'))
  const issuer = `${server}/realms/${encodeURIComponent(realm)}`
  return { issuer, audience, jwksUrl: `${issuer}/protocol/openid-connect/certs` }
}

function parse(text: string): Readonly<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('keycloak.json is not valid JSON. Export it again from the client in Keycloak.')
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('keycloak.json must hold one JSON object.')
  return value as Record<string, unknown>
}

function fieldOf(fields: Readonly<Record<string, unknown>>, name: string): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.trim() === '')
    throw new Error(`keycloak.json: "${name}" is missing or is not a text.`)
  return value.trim()
}

function serverOf(text: string): string {
  if (!URL.canParse(text)) throw new Error('keycloak.json: "auth-server-url" is not an address.')
  const url = new URL(text)
  if (url.protocol !== 'https:' && url.protocol !== 'http:')
    throw new Error('keycloak.json: "auth-server-url" must begin with https:// or http://.')
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw new Error('keycloak.json: "auth-server-url" must be a plain address.')
  return url.href.replace(/\/+$/, '')
}
