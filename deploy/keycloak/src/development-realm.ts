import { createHash, pbkdf2Sync } from 'node:crypto'
import {
  type DevelopmentPerson,
  developmentOrganizations,
  developmentPeople,
  serviceAccount,
  serviceClientId,
  subjectOf,
} from '@leasehold/dev-issuer'
import { buildRealm, confidentialClient, logoutAttributes } from './build-realm.ts'
import { apiScopes } from './client-scopes.ts'
import { realmDescription } from './realm-description.ts'

/** Secrets of a realm for development and tests: they guard nothing. */
export const developmentSecrets = {
  provisioner: 'provisioner-in-development',
  service: 'service-in-development',
  tests: 'tests-in-development',
} as const

/** Signs people in by name and password in one request, which no client of the shipped realm may. */
export const testClientId = 'leasehold-tests'

/**
 * The shipped realm with the development issuer's people, organizations and service account in it: the
 * same subjects, and passwords equal to the user names. Two clients more, one of them for tests.
 */
export function developmentRealm(
  people: readonly DevelopmentPerson[] = developmentPeople,
  tenants: Readonly<Record<string, string>> = developmentOrganizations,
) {
  const realm = buildRealm()
  const roles = realmDescription.operatorRoles.map(({ name }) => name)
  return {
    ...realm,
    clients: [...realm.clients.map(withKnownSecret), serviceClient(), testClient()],
    scopeMappings: [...realm.scopeMappings, { client: testClientId, roles }],
    users: [
      ...realm.users,
      ...people.map(user),
      {
        username: serviceAccount.userName,
        enabled: true,
        serviceAccountClientId: serviceClientId,
        realmRoles: [defaultRole],
      },
    ],
    organizations: Object.entries(tenants).map(([alias, tenantId]) =>
      organization(alias, tenantId, people),
    ),
  }
}

const defaultRole = `default-roles-${realmDescription.realm}`

function withKnownSecret(client: ReturnType<typeof buildRealm>['clients'][number]) {
  const isProvisioner = client.clientId === realmDescription.clients.provisioner
  return isProvisioner ? { ...client, secret: developmentSecrets.provisioner } : client
}

function serviceClient() {
  return {
    ...confidentialClient(serviceClientId, 'Leasehold service account', developmentSecrets.service),
    serviceAccountsEnabled: true,
    defaultClientScopes: [...apiScopes, 'service_account'],
    optionalClientScopes: ['organization'],
  }
}

function testClient() {
  return {
    ...confidentialClient(testClientId, 'Leasehold tests', developmentSecrets.tests),
    directAccessGrantsEnabled: true,
    attributes: logoutAttributes,
    defaultClientScopes: [...apiScopes, 'profile', 'email'],
    optionalClientScopes: ['organization', 'offline_access'],
  }
}

function user(person: DevelopmentPerson) {
  const [firstName = '', lastName = ''] = person.fullName.split(' ')
  return {
    id: subjectOf(person),
    username: person.userName,
    enabled: true,
    email: person.email,
    emailVerified: true,
    firstName,
    lastName,
    realmRoles: [defaultRole, ...person.realmRoles],
    credentials: [hashedPassword(person.userName)],
  }
}

/** Already hashed, which is how an import gets by the password policy. */
function hashedPassword(password: string) {
  const hashIterations = 1_000
  const salt = createHash('sha256').update(password).digest().subarray(0, 16)
  const value = pbkdf2Sync(password, salt, hashIterations, 64, 'sha512')
  const secret = { value: value.toString('base64'), salt: salt.toString('base64') }
  const algorithm = { hashIterations, algorithm: 'pbkdf2-sha512', additionalParameters: {} }
  return {
    type: 'password',
    secretData: JSON.stringify(secret),
    credentialData: JSON.stringify(algorithm),
  }
}

function organization(alias: string, tenantId: string, people: readonly DevelopmentPerson[]) {
  const groups = realmDescription.memberGroups.map((name) => ({
    name,
    id: uuidOf(`${alias}/${name}`),
  }))
  return {
    id: uuidOf(alias),
    name: alias[0]?.toUpperCase() + alias.slice(1),
    alias,
    enabled: true,
    attributes: { tenant_id: [tenantId] },
    domains: [{ name: `${alias}.example`, verified: true }],
    groups,
    members: membersOf(alias, people),
  }
}

/** The groups of a member are named by their ids in an import. */
function membersOf(alias: string, people: readonly DevelopmentPerson[]) {
  return [...people, serviceAccount].flatMap(({ userName, memberships }) =>
    memberships
      .filter(({ organization }) => organization === alias)
      .map(({ role }) => ({
        username: userName,
        membershipType: 'UNMANAGED',
        groups: [uuidOf(`${alias}/${role}`)],
      })),
  )
}

function uuidOf(text: string): string {
  const hex = createHash('sha256').update(`leasehold development ${text}`).digest('hex')
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`]
  return [...groups, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
