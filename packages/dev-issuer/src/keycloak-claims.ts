import { createHash } from 'node:crypto'
import { type DevelopmentPerson, developmentOrganizations } from './people.ts'

/** `organization` and `organization:*` ask for all of a person's organizations, `organization:<alias>` for one. */
export const organizationScopes: readonly string[] = [
  'organization',
  'organization:*',
  ...Object.keys(developmentOrganizations).map((alias) => `organization:${alias}`),
]

/**
 * The claims that Keycloak's mappers add for a person. As there, the organization claim is absent
 * when no scope asks for it or the person does not belong to the one that is asked for.
 */
export function keycloakClaims(
  person: DevelopmentPerson,
  scopes: ReadonlySet<string>,
  organizations: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  return {
    name: person.fullName,
    preferred_username: person.userName,
    email: person.email,
    email_verified: true,
    realm_access: { roles: ['default-roles', ...person.realmRoles] },
    ...organizationClaim(person, scopes, organizations),
  }
}

function organizationClaim(
  { memberships }: DevelopmentPerson,
  scopes: ReadonlySet<string>,
  organizations: Readonly<Record<string, string>>,
): Readonly<Record<string, unknown>> {
  const asksForAll = scopes.has('organization') || scopes.has('organization:*')
  const asked = memberships.filter(
    ({ organization }) => asksForAll || scopes.has(`organization:${organization}`),
  )
  if (asked.length === 0) return {}
  const facts = asked.map(({ organization, role }) => [
    organization,
    {
      id: createHash('sha256').update(organization).digest('hex').slice(0, 32),
      tenant_id: [organizations[organization]],
      groups: [`/${role}`],
    },
  ])
  return { organization: Object.fromEntries(facts) }
}
