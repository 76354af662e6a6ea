import type { Configuration, KoaContextWithOIDC } from 'oidc-provider'
import { interactionPolicy } from 'oidc-provider'
import { publicClientId, serviceClientId } from './client-ids.ts'
import type { GrantStorage } from './grant-storage.ts'
import type { IssuerState } from './issuer-state.ts'
import { keycloakClaims, organizationScopes } from './keycloak-claims.ts'
import { deviceCodePage, deviceConfirmPage, messagePage } from './pages.ts'
import { serviceAccount, subjectOf } from './people.ts'
import type { PeopleDirectory } from './people-directory.ts'

const accessTokenSeconds = 15 * 60
const profileScopes = ['openid', 'offline_access', 'profile', 'email', 'roles']
const scopes = [...profileScopes, ...organizationScopes]
/** A resource must be an address (RFC 8707); the audience in the token is the configured one. */
const apiResource = 'urn:leasehold:api'

export type ProviderSettings = {
  readonly issuer: string
  readonly realmPath: string
  readonly audience: string
  readonly state: IssuerState
  readonly storage: GrantStorage
  readonly people: PeopleDirectory
}

/** `oidc-provider` dressed as a Keycloak realm: its paths, its tokens, two clients, no consent page. */
export function providerConfiguration(settings: ProviderSettings): Configuration {
  const { issuer, realmPath, audience, state, storage, people } = settings
  const policy = interactionPolicy.base()
  policy.remove('consent')
  return {
    adapter: (kind) => storage.adapter(kind),
    jwks: { keys: [{ ...state.signingKey } as never] },
    cookies: { keys: [state.cookieSecret] },
    clients: clients(state),
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    scopes,
    claims: { openid: ['sub'], profile: ['name', 'preferred_username'], email: ['email'] },
    routes: keycloakRoutes,
    responseTypes: ['code'],
    // The library's own endpoint takes opaque tokens only; ours answers for the ones that are issued here.
    discovery: { userinfo_endpoint: `${issuer}${base}/userinfo` },
    interactions: { policy, url: (_ctx, { uid }) => `${realmPath}/interaction/${uid}` },
    loadExistingGrant: grantEverything,
    issueRefreshToken: async (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    pkce: { required: (_ctx, client) => client.clientId === publicClientId },
    findAccount: (_ctx, subject) => accountOf(people, subject),
    extraTokenClaims: (_ctx, token) => {
      const granted = new Set(token.scope?.split(' '))
      const person = 'accountId' in token ? people.findBySubject(token.accountId) : serviceAccount
      return person === null ? {} : { ...keycloakClaims(person, granted, people.organizations()) }
    },
    formats: { customizers: { jwt: dressAsKeycloak } },
    features: {
      devInteractions: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => apiResource,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({
          audience,
          scope: scopes.join(' '),
          accessTokenFormat: 'jwt',
          accessTokenTTL: accessTokenSeconds,
          jwt: { sign: { alg: 'ES256' } },
        }),
      },
      deviceFlow: devicePages,
    },
    renderError: (ctx, out) => {
      ctx.type = 'html'
      ctx.body = messagePage(
        'Sign-in failed',
        `${out.error_description ?? out.error}. Start again from the application.`,
      )
    },
    ttl: {
      AccessToken: accessTokenSeconds,
      AuthorizationCode: 60,
      ClientCredentials: accessTokenSeconds,
      DeviceCode: 600,
      Grant: 30 * 86_400,
      IdToken: accessTokenSeconds,
      Interaction: 600,
      RefreshToken: 30 * 86_400,
      Session: 86_400,
    },
  }
}

function clients(state: IssuerState): NonNullable<Configuration['clients']> {
  return [
    {
      client_id: publicClientId,
      client_name: 'Leasehold command line',
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
      response_types: ['code'],
      // Any port of a loopback redirect is allowed for native clients (RFC 8252 §7.3).
      redirect_uris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    },
    {
      client_id: serviceClientId,
      client_name: 'Leasehold service account',
      client_secret: state.serviceSecret,
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
    },
  ]
}

const base = '/protocol/openid-connect'
const keycloakRoutes: Configuration['routes'] = {
  authorization: `${base}/auth`,
  code_verification: '/device',
  device_authorization: `${base}/auth/device`,
  jwks: `${base}/certs`,
  revocation: `${base}/revoke`,
  token: `${base}/token`,
}

/** Both clients are our own, so whoever signs in has agreed to what they ask for. */
async function grantEverything({ oidc }: KoaContextWithOIDC) {
  const { client, session, provider, params } = oidc
  if (client === undefined || session?.accountId === undefined) return undefined
  const grantId = session.grantIdFor(client.clientId)
  const known = grantId === undefined ? undefined : await provider.Grant.find(grantId)
  const grant =
    known ?? new provider.Grant({ accountId: session.accountId, clientId: client.clientId })
  const asked = String(params?.scope ?? '')
  grant.addOIDCScope(asked)
  grant.addResourceScope(apiResource, asked)
  await grant.save()
  return grant
}

function accountOf(people: PeopleDirectory, subject: string) {
  const person = people.findBySubject(subject)
  if (person === null) return undefined
  return {
    accountId: subject,
    claims: async () => ({ sub: subject, ...keycloakClaims(person, new Set(), {}) }),
  }
}

type JwtCustomizer = NonNullable<
  NonNullable<NonNullable<Configuration['formats']>['customizers']>['jwt']
>

/** RFC 9068 marks access tokens in the header, Keycloak in the claim `typ`. */
const dressAsKeycloak: JwtCustomizer = (_ctx, token, jwt) => {
  const { client_id: clientId, ...payload } = jwt.payload
  const subject = 'accountId' in token ? payload.sub : subjectOf(serviceAccount)
  jwt.header = { ...jwt.header, typ: 'JWT' }
  jwt.payload = { ...payload, sub: subject, typ: 'Bearer', azp: clientId }
}

const devicePages: NonNullable<NonNullable<Configuration['features']>['deviceFlow']> = {
  enabled: true,
  userCodeInputSource: async (ctx, form, _out, failure) => {
    const message =
      failure === undefined || failure === null
        ? null
        : 'This code is not valid. Check it and try again.'
    ctx.body = deviceCodePage(form, message)
  },
  userCodeConfirmSource: async (ctx, form, client, _device, userCode) => {
    ctx.body = deviceConfirmPage(form, client.clientName ?? client.clientId, userCode)
  },
  successSource: async (ctx) => {
    ctx.body = messagePage('Signed in', 'Your device is connected. You can close this page.')
  },
}
