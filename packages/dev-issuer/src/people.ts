import { createHash } from 'node:crypto'

type DevelopmentRole = 'owner' | 'member' | 'viewer' | 'billing'

type DevelopmentMembership = { readonly organization: string; readonly role: DevelopmentRole }

/** Someone who can sign in. The password is the user name: this issuer guards nothing. */
export type DevelopmentPerson = {
  readonly userName: string
  readonly fullName: string
  readonly email: string
  /** None for people who act for the platform. */
  readonly memberships: readonly DevelopmentMembership[]
  readonly realmRoles: readonly string[]
}

/** Organization alias → the tenant it stands for. */
export const developmentOrganizations: Readonly<Record<string, string>> = {
  acme: 'ten_acme',
  globex: 'ten_globex',
}

export const developmentPeople: readonly DevelopmentPerson[] = [
  member('olivia', 'Olivia Owner', 'acme', 'owner'),
  member('mia', 'Mia Member', 'acme', 'member'),
  member('victor', 'Victor Viewer', 'acme', 'viewer'),
  member('bill', 'Bill Billing', 'acme', 'billing'),
  member('gina', 'Gina Owner', 'globex', 'owner'),
  member('greg', 'Greg Member', 'globex', 'member'),
  {
    userName: 'tess',
    fullName: 'Tess Both',
    email: 'tess@both.example',
    memberships: [
      { organization: 'acme', role: 'member' },
      { organization: 'globex', role: 'viewer' },
    ],
    realmRoles: [],
  },
  {
    userName: 'oscar',
    fullName: 'Oscar Operator',
    email: 'oscar@leasehold.example',
    memberships: [],
    realmRoles: ['operator'],
  },
]

/** What the confidential client acts as: a member of `acme`, as Keycloak's service accounts have a user. */
export const serviceAccount: DevelopmentPerson = {
  ...member('service-account-leasehold-service', 'Leasehold Service', 'acme', 'member'),
}

/** Stable over restarts and shaped as Keycloak's user ids. */
export function subjectOf({ userName }: DevelopmentPerson): string {
  const digest = createHash('sha256').update(`leasehold development user ${userName}`).digest('hex')
  const parts = [digest.slice(0, 8), digest.slice(8, 12), `4${digest.slice(13, 16)}`]
  return [...parts, `8${digest.slice(17, 20)}`, digest.slice(20, 32)].join('-')
}

function member(
  userName: string,
  fullName: string,
  organization: string,
  role: DevelopmentRole,
): DevelopmentPerson {
  const email = `${userName}@${organization}.example`
  return { userName, fullName, email, memberships: [{ organization, role }], realmRoles: [] }
}
