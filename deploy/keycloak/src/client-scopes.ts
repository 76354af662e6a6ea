import { realmDescription } from './realm-description.ts'

type Mapper = {
  readonly name: string
  readonly protocol: 'openid-connect'
  readonly protocolMapper: string
  readonly config: Readonly<Record<string, string>>
}
type ClientScope = {
  readonly name: string
  readonly description: string
  readonly protocol: 'openid-connect'
  readonly attributes: Readonly<Record<string, string>>
  readonly protocolMappers: readonly Mapper[]
}

const inAccessToken = { 'access.token.claim': 'true', 'introspection.token.claim': 'true' }
const inAllTokens = { ...inAccessToken, 'id.token.claim': 'true', 'userinfo.token.claim': 'true' }

function mapper(name: string, kind: string, config: Readonly<Record<string, string>>): Mapper {
  return { name, protocol: 'openid-connect', protocolMapper: `oidc-${kind}-mapper`, config }
}

/** A claim from a field of the user. */
function userClaim(claim: string, field: string): Mapper {
  const config = { 'user.attribute': field, 'claim.name': claim, 'jsonType.label': 'String' }
  return mapper(claim, 'usermodel-attribute', { ...config, ...inAllTokens })
}

/** `visible` scopes are named in the token's `scope`. */
function scope(
  name: string,
  description: string,
  visible: boolean,
  protocolMappers: readonly Mapper[],
): ClientScope {
  const attributes = {
    'include.in.token.scope': String(visible),
    'display.on.consent.screen': String(visible),
  }
  return { name, description, protocol: 'openid-connect', attributes, protocolMappers }
}

/** The first three are what Keycloak calls by these names and needs for its own; a list replaces its built-in scopes. */
export const clientScopes: readonly ClientScope[] = [
  scope('basic', 'Who the token is about', false, [mapper('sub', 'sub', inAccessToken)]),
  scope('service_account', 'Which client acts for itself', false, [
    mapper('client_id', 'usersessionmodel-note', {
      'user.session.note': 'client_id',
      'claim.name': 'client_id',
      'jsonType.label': 'String',
      ...inAccessToken,
    }),
  ]),
  scope('roles', 'Roles of the realm and of clients', false, [
    mapper('realm roles', 'usermodel-realm-role', {
      'claim.name': 'realm_access.roles',
      'jsonType.label': 'String',
      multivalued: 'true',
      ...inAccessToken,
    }),
    mapper('client roles', 'usermodel-client-role', {
      // Keycloak's own placeholder: the client's id.
      'claim.name': `resource_access.\${client_id}.roles`,
      'jsonType.label': 'String',
      multivalued: 'true',
      ...inAccessToken,
    }),
  ]),
  scope('acr', 'How somebody signed in', false, [
    mapper('acr', 'acr', { ...inAccessToken, 'id.token.claim': 'true' }),
  ]),
  scope('profile', 'Name', true, [
    userClaim('preferred_username', 'username'),
    userClaim('given_name', 'firstName'),
    userClaim('family_name', 'lastName'),
    mapper('name', 'full-name', inAllTokens),
  ]),
  scope('email', 'Address', true, [
    userClaim('email', 'email'),
    mapper('email_verified', 'usermodel-property', {
      'user.attribute': 'emailVerified',
      'claim.name': 'email_verified',
      'jsonType.label': 'boolean',
      ...inAllTokens,
    }),
  ]),
  scope('offline_access', 'Stay signed in', true, []),
  scope('organization', 'The tenants somebody belongs to, and the role in each', true, [
    mapper('organization', 'organization-membership', {
      'claim.name': 'organization',
      'jsonType.label': 'JSON',
      // Without it the attributes, `tenant_id` among them, are left out.
      multivalued: 'true',
      addOrganizationId: 'true',
      addOrganizationAttributes: 'true',
      ...inAllTokens,
    }),
    mapper('organization-groups', 'organization-group-membership', inAllTokens),
  ]),
  scope(realmDescription.audience, 'The audience of the Leasehold API', true, [
    mapper('audience', 'audience', {
      'included.client.audience': realmDescription.audience,
      ...inAccessToken,
    }),
  ]),
]

/** What every client of the API gets; the organization must be asked for. */
export const apiScopes = ['basic', 'roles', 'acr', realmDescription.audience] as const
