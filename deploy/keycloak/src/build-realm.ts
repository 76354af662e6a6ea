import { apiScopes, clientScopes } from './client-scopes.ts'
import { realmDescription } from './realm-description.ts'

export type RealmClient = Readonly<Record<string, unknown>> & { readonly clientId: string }

/** A realm as Keycloak imports it (RealmRepresentation), without people. */
export function buildRealm() {
  const { realm, displayName, operatorRoles, clients } = realmDescription
  return {
    realm,
    displayName,
    enabled: true,
    sslRequired: 'external',
    organizationsEnabled: true,
    ...signInSettings(),
    ...protection(),
    smtpServer: realmDescription.mail,
    roles: { realm: operatorRoles.map(realmRole) },
    clientScopes,
    defaultDefaultClientScopes: [...apiScopes, 'profile', 'email'],
    defaultOptionalClientScopes: ['organization', 'offline_access'],
    clients: [audienceClient(), commandLineClient(), provisionerClient()] as RealmClient[],
    scopeMappings: [{ client: clients.commandLine, roles: operatorRoles.map(({ name }) => name) }],
    users: [
      {
        username: `service-account-${clients.provisioner}`,
        enabled: true,
        serviceAccountClientId: clients.provisioner,
        clientRoles: { 'realm-management': [...clients.provisionerRights] },
      },
    ] as Readonly<Record<string, unknown>>[],
  }
}

function realmRole(role: { readonly name: string; readonly about: string }, index: number) {
  const held = realmDescription.operatorRoles.slice(0, index).map(({ name }) => name)
  const composites = held.length === 0 ? {} : { composite: true, composites: { realm: held } }
  return { name: role.name, description: role.about, ...composites }
}

function signInSettings() {
  const { lifetimes, signatureAlgorithm } = realmDescription
  return {
    registrationAllowed: false,
    loginWithEmailAllowed: true,
    duplicateEmailsAllowed: false,
    editUsernameAllowed: false,
    resetPasswordAllowed: true,
    defaultSignatureAlgorithm: signatureAlgorithm,
    accessTokenLifespan: lifetimes.accessToken,
    accessCodeLifespan: lifetimes.accessCode,
    ssoSessionIdleTimeout: lifetimes.sessionIdle,
    ssoSessionMaxLifespan: lifetimes.sessionMax,
    offlineSessionIdleTimeout: lifetimes.offlineSessionIdle,
    actionTokenGeneratedByAdminLifespan: lifetimes.inviteLink,
    // A refresh token that was stolen is of no use once its owner used it.
    revokeRefreshToken: true,
    refreshTokenMaxReuse: 0,
    oauth2DeviceCodeLifespan: lifetimes.deviceCode,
    oauth2DevicePollingInterval: lifetimes.devicePollingInterval,
  }
}

function protection() {
  const { passwordPolicy, bruteForce, secondFactor, lifetimes } = realmDescription
  return {
    passwordPolicy,
    bruteForceProtected: true,
    permanentLockout: false,
    failureFactor: bruteForce.failures,
    waitIncrementSeconds: bruteForce.waitSeconds,
    maxFailureWaitSeconds: bruteForce.maxWaitSeconds,
    minimumQuickLoginWaitSeconds: bruteForce.waitSeconds,
    quickLoginCheckMilliSeconds: bruteForce.quickCheckMs,
    otpPolicyType: 'totp',
    otpPolicyAlgorithm: secondFactor.algorithm,
    otpPolicyDigits: secondFactor.digits,
    otpPolicyPeriod: secondFactor.periodSeconds,
    eventsEnabled: true,
    eventsExpiration: lifetimes.events,
    eventsListeners: ['jboss-logging'],
    adminEventsEnabled: true,
    adminEventsDetailsEnabled: false,
  }
}

/** Nobody signs in with it: it is what tokens are for. */
function audienceClient() {
  return {
    clientId: realmDescription.audience,
    name: 'Leasehold API',
    enabled: true,
    bearerOnly: true,
  }
}

/** Who signed in with the client, and signs out, is reported with the id of the session. */
export const logoutAttributes = {
  'backchannel.logout.url': realmDescription.logoutUrl,
  'backchannel.logout.session.required': 'true',
} as const

function commandLineClient() {
  return {
    clientId: realmDescription.clients.commandLine,
    name: 'Leasehold command line',
    enabled: true,
    publicClient: true,
    standardFlowEnabled: true,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
    // Any port of these (RFC 8252 §7.3).
    redirectUris: ['http://127.0.0.1/callback', 'http://localhost/callback'],
    attributes: {
      ...logoutAttributes,
      'pkce.code.challenge.method': 'S256',
      'oauth2.device.authorization.grant.enabled': 'true',
    },
    defaultClientScopes: [...apiScopes, 'profile', 'email'],
    optionalClientScopes: ['organization', 'offline_access'],
  }
}

function provisionerClient() {
  const { provisioner, provisionerSecret } = realmDescription.clients
  return {
    ...confidentialClient(provisioner, 'Leasehold provisioner', provisionerSecret),
    serviceAccountsEnabled: true,
    // Its rights are the roles of its account; the token has to carry them.
    fullScopeAllowed: true,
    defaultClientScopes: ['basic', 'roles', 'service_account'],
    optionalClientScopes: [],
  }
}

/** A client with a secret and no flow at all. */
export function confidentialClient(clientId: string, name: string, secret: string): RealmClient {
  return {
    clientId,
    name,
    enabled: true,
    publicClient: false,
    secret,
    standardFlowEnabled: false,
    implicitFlowEnabled: false,
    directAccessGrantsEnabled: false,
    fullScopeAllowed: false,
  }
}

/** The file `leasehold-realm.json`. */
export function realmFile(): string {
  return `${JSON.stringify(buildRealm(), null, 2)}\n`
}
