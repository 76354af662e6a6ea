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

/**
 * Keycloak's claims in our words. `organization` is `{ alias: { tenant_id: ["ten_x"], groups: ["/owner"] } }`
 * (scope `organization:*`), `realm_access.roles` carries operator roles. Whatever has another shape
 * counts for nothing: an odd claim gives less access, never an error of another kind than
 * `auth/unauthenticated`. `expiresAt` is in milliseconds.
 */
export function callerFromClaims(claims: Readonly<Record<string, unknown>>): Caller {
  const subject = textOf(claims.sub, 255)
  const { exp } = claims
  if (subject === null || typeof exp !== 'number')
    throw new DomainError('auth/unauthenticated', 'The token does not say who the caller is.')
  return {
    subject,
    email: textOf(claims.email, 320),
    name: textOf(claims.name, 200) ?? textOf(claims.preferred_username, 200),
    expiresAt: exp * 1_000,
    operatorRoles: operatorRolesOf(claims.realm_access),
    organizations: organizationsOf(claims.organization),
  }
}

function operatorRolesOf(access: unknown): readonly OperatorRole[] {
  const held = isRecord(access) ? texts(access.roles) : []
  return operatorRoles.filter((role) => held.includes(role))
}

function organizationsOf(claim: unknown): readonly Organization[] {
  if (!isRecord(claim)) return []
  return Object.entries(claim)
    .slice(0, maxOrganizations)
    .flatMap(([alias, facts]) => organizationOf(alias, facts) ?? [])
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
