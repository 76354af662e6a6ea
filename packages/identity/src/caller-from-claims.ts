import type { Caller } from '@leasehold/application'
import {
  DomainError,
  type MemberRole,
  memberRoles,
  type OperatorRole,
  operatorRoles,
} from '@leasehold/domain'

type Organization = Caller['organizations'][number]

const maxOrganizations = 200

/** Where tokens of an issuer say what. Each path leads from the token's content into objects. */
export type ClaimNames = {
  /** A list with the operator roles. */
  readonly rolesPath: readonly string[]
  /**
   * For issuers that know no organizations: a list of groups, and how one names a tenant's slug and a
   * role, as in `leasehold-{tenant}-{role}`. Null: Keycloak's claim `organization` says so.
   */
  readonly groups: { readonly path: readonly string[]; readonly pattern: string } | null
}

export const keycloakClaimNames: ClaimNames = { rolesPath: ['realm_access', 'roles'], groups: null }

/**
 * Keycloak's claims in our words. `organization` is `{ alias: { tenant_id: ["ten_x"], groups: ["/owner"] } }`
 * (scope `organization:*`), `realm_access.roles` carries operator roles. Whatever has another shape
 * counts for nothing: an odd claim gives less access, never an error of another kind than
 * `auth/unauthenticated`. `expiresAt` is in milliseconds.
 */
export function callerFromClaims(
  claims: Readonly<Record<string, unknown>>,
  { rolesPath, groups }: ClaimNames = keycloakClaimNames,
): Caller {
  const subject = textOf(claims.sub, 255)
  const { exp } = claims
  if (subject === null || typeof exp !== 'number')
    throw new DomainError('auth/unauthenticated', 'The token does not say who the caller is.')
  return {
    subject,
    email: textOf(claims.email, 320),
    name: textOf(claims.name, 200) ?? textOf(claims.preferred_username, 200),
    expiresAt: exp * 1_000,
    operatorRoles: operatorRolesOf(claimAt(claims, rolesPath)),
    organizations:
      groups === null
        ? organizationsOf(claims.organization)
        : organizationsFromGroups(claimAt(claims, groups.path), groups.pattern),
  }
}

/** Own properties only: a path may not lead to what every object has. */
function claimAt(claims: unknown, path: readonly string[]): unknown {
  let value = claims
  for (const name of path) {
    if (!isRecord(value) || !Object.hasOwn(value, name)) return undefined
    value = value[name]
  }
  return value
}

function operatorRolesOf(listed: unknown): readonly OperatorRole[] {
  const held = texts(listed)
  return operatorRoles.filter((role) => held.includes(role))
}

function organizationsOf(claim: unknown): readonly Organization[] {
  if (!isRecord(claim)) return []
  return Object.entries(claim)
    .slice(0, maxOrganizations)
    .flatMap(([alias, facts]) => organizationOf(alias, facts) ?? [])
}

/** Of several groups that name the same tenant the strongest role counts. */
function organizationsFromGroups(claim: unknown, pattern: string): readonly Organization[] {
  const expression = new RegExp(
    `^${RegExp.escape(pattern)
      .replace(RegExp.escape('{tenant}'), '(?<tenant>[a-z][a-z0-9-]{1,38}[a-z0-9])')
      .replace(RegExp.escape('{role}'), `(?<role>${memberRoles.join('|')})`)}$`,
  )
  const roles = new Map<string, MemberRole[]>()
  for (const group of texts(claim).slice(0, maxOrganizations * memberRoles.length)) {
    const { tenant, role } = expression.exec(group.slice(0, 300))?.groups ?? {}
    if (tenant !== undefined) roles.set(tenant, [...(roles.get(tenant) ?? []), role as MemberRole])
  }
  return [...roles].slice(0, maxOrganizations).flatMap(([alias, held]) => {
    const role = memberRoles.find((one) => held.includes(one))
    return role === undefined ? [] : [{ alias, tenantId: null, role }]
  })
}

/** Null unless the tenant is named once and a group gives a role. */
function organizationOf(alias: string, facts: unknown): Organization | null {
  if (!/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/.test(alias) || !isRecord(facts)) return null
  const [tenantId, ...others] = texts(facts.tenant_id)
  const role = roleOf(texts(facts.groups))
  if (tenantId === undefined || others.length > 0 || role === null) return null
  return /^ten_[a-z0-9]{1,60}$/.test(tenantId) ? { alias, tenantId, role } : null
}

/** The strongest of the groups; `memberRoles` is in that order. */
function roleOf(groups: readonly string[]): MemberRole | null {
  return memberRoles.find((role) => groups.includes(`/${role}`)) ?? null
}

/** Keycloak writes a single value as a text or as a list of one, depending on the mapper. */
function texts(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.filter((entry) => typeof entry === 'string')
}

function textOf(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string' || value.length === 0 || value.length > maxLength) return null
  return /\p{Cc}/u.test(value) ? null : value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
