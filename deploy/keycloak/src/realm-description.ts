/** What the realm is, in the words of this product; `build-realm.ts` says it in Keycloak's. */
export const realmDescription = {
  realm: 'leasehold',
  displayName: 'Leasehold',
  /** `aud` of every access token that the API accepts. */
  audience: 'leasehold-api',
  /** Realm roles act for the platform, not for a tenant. The later ones hold the earlier ones. */
  operatorRoles: [
    { name: 'operator', about: 'Lets tenants in, sets quotas and the catalogue' },
    { name: 'admin', about: 'Everything an operator may do' },
  ],
  /** Groups of every organization: what a member may do in the tenant. */
  memberGroups: ['owner', 'member', 'viewer', 'billing'],

  signatureAlgorithm: 'ES256',
  /** Seconds. Short access tokens: what was taken away works no longer than this. */
  lifetimes: {
    accessToken: 300,
    accessCode: 60,
    sessionIdle: 30 * 60,
    sessionMax: 10 * 3_600,
    offlineSessionIdle: 30 * 86_400,
    deviceCode: 600,
    devicePollingInterval: 5,
    inviteLink: 3 * 86_400,
    events: 30 * 86_400,
  },
  passwordPolicy:
    'length(12) and maxLength(128) and notUsername and notEmail and passwordHistory(3)',
  /** After five failures a minute of waiting, then longer, at most a quarter of an hour; never for good. */
  bruteForce: { failures: 5, waitSeconds: 60, maxWaitSeconds: 900, quickCheckMs: 1_000 },
  /** Nobody must have a second factor; who sets one up is asked for it from then on. */
  secondFactor: { algorithm: 'HmacSHA1', digits: 6, periodSeconds: 30 },

  clients: {
    /** People's own programs: the browser comes back to a loopback port, or a device shows a code. */
    commandLine: 'leasehold-cli',
    /** Leasehold itself: creates organizations and their members, and may do nothing else. */
    provisioner: 'leasehold-provisioner',
    provisionerRights: ['manage-organizations', 'manage-users'],
    /** Taken from the environment of Keycloak when the realm is imported. */
    provisionerSecret: `\${LEASEHOLD_PROVISIONER_SECRET}`,
  },
  /** Where Keycloak says that a sign-in is over: `https://<tenant API>/v1/backchannel-logout`. Empty: nowhere. */
  logoutUrl: `\${LEASEHOLD_BACKCHANNEL_LOGOUT_URL:}`,
  /** Who sends its letters, from its environment as well. Without a host none are sent: nobody listens beside it. */
  mail: {
    host: `\${LEASEHOLD_SMTP_HOST:127.0.0.1}`,
    port: `\${LEASEHOLD_SMTP_PORT:587}`,
    from: `\${LEASEHOLD_SMTP_FROM:leasehold@mail.invalid}`,
    fromDisplayName: 'Leasehold',
    starttls: `\${LEASEHOLD_SMTP_STARTTLS:true}`,
    ssl: `\${LEASEHOLD_SMTP_TLS:false}`,
    auth: `\${LEASEHOLD_SMTP_AUTH:false}`,
    user: `\${LEASEHOLD_SMTP_USER:}`,
    password: `\${LEASEHOLD_SMTP_PASSWORD:}`,
  },
} as const
