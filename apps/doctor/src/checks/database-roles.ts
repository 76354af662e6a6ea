import type { RoleFacts, RolePower } from '@leasehold/db'
import { type Finding, findingsOf } from '../finding.ts'

const { ok, warning, problem } = findingsOf('database')

/** What migrations need once, if nobody else made the roles; serving needs none of them. */
const neverNeeded: readonly RolePower[] = ['SUPERUSER', 'BYPASSRLS', 'CREATEROLE', 'CREATEDB']

/**
 * What the roles of a database mean: whether the wall between tenants stands (docs/adr/0011), and whether whoever
 * gets hold of the address could do more than Leasehold does. Pure.
 */
export function judgeRoles(roles: RoleFacts): readonly Finding[] {
  // Without migrations there is no wall to look at; that they are missing is said elsewhere.
  const hasTables = roles.owners.length > 0
  return [loginOf(roles), ...(hasTables ? [actingOf(roles), ownerOf(roles), wallOf(roles)] : [])]
}

function loginOf({ login: { name, powers } }: RoleFacts): Finding {
  const much = powers.filter((power) => neverNeeded.includes(power))
  if (much.length === 0) return ok('login', `${name} has no rights beside those of its database.`)
  return warning(
    'login',
    `${name}, the role of DATABASE_URL, is more than it needs to be: ${much.join(', ')}.`,
    much.includes('SUPERUSER')
      ? 'Let a role that is no superuser own the database, and name it in DATABASE_URL: docs/operate/installation.md.'
      : `As an administrator: ALTER ROLE ${quoted(name)} ${much.map((power) => `NO${power}`).join(' ')};`,
  )
}

function actingOf({ login, acting }: RoleFacts): Finding {
  const missing = acting.filter(({ powers }) => powers === null).map(({ name }) => name)
  if (missing.length > 0)
    return problem(
      'acting-roles',
      `There is no role ${missing.join(', ')}.`,
      'Make both and grant them, as docs/operate/installation.md says.',
    )
  const strong = acting.find(({ powers }) => (powers ?? []).length > 0)
  if (strong !== undefined)
    return problem(
      'acting-roles',
      `${strong.name} may get around the wall between tenants: ${strong.powers?.join(', ')}.`,
      `As an administrator: ALTER ROLE ${strong.name} ${(strong.powers ?? []).map((power) => `NO${power}`).join(' ')};`,
    )
  const closed = acting.filter(({ granted }) => !granted).map(({ name }) => name)
  if (closed.length > 0)
    return problem(
      'acting-roles',
      `${login.name} may not act as ${closed.join(', ')}: every connection fails.`,
      `As an administrator: GRANT ${closed.join(', ')} TO ${quoted(login.name)};`,
    )
  return ok('acting-roles', 'Apps act as roles that own nothing and may bypass nothing.')
}

function ownerOf({ owners, acting }: RoleFacts): Finding {
  const actor = owners.find((owner) => acting.some(({ name }) => name === owner))
  if (actor !== undefined)
    return problem(
      'owner',
      `${actor} owns tables, and no wall holds an owner back.`,
      'Give them to the role that migrates: ALTER TABLE … OWNER TO …;',
    )
  if (owners.length === 1) return ok('owner', `${owners[0]} owns all tables.`)
  return warning(
    'owner',
    `Tables belong to ${owners.join(', ')}: none of them can apply a migration to all.`,
    'Give all of them to the role that migrates: ALTER TABLE … OWNER TO …;',
  )
}

function wallOf({ openTables }: RoleFacts): Finding {
  const [first] = openTables
  if (first === undefined)
    return ok('row-security', 'Every table with rows of tenants has its wall.')
  return problem(
    'row-security',
    `Row-level security is off, or its policy is gone: ${openTables.join(', ')}.`,
    `As the owner: ALTER TABLE ${first} ENABLE ROW LEVEL SECURITY; a policy that is gone comes back with guard_tenant_rows (docs/adr/0011).`,
  )
}

function quoted(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`
}
