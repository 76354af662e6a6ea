import type { Config } from '@leasehold/config'
import { type DatabaseFacts, inspectDatabase } from '@leasehold/db'
import { type Finding, findingsOf } from '../finding.ts'
import type { Check } from '../run-checks.ts'
import { judgeRoles } from './database-roles.ts'

const { ok, warning, problem } = findingsOf('database')

const oldestVersion = 150_000
/** Beyond it deadlines of leases, computed by one clock and compared by another, are noticeably off. */
const clockToleranceMs = 2_000
const migrate =
  'Run the migrations of this version: docker compose run --rm migrations, or node apps/migrations/src/main.ts.'

export function checkDatabase({ database }: Config): readonly Check[] {
  if (database.kind === 'embedded') return []
  const { url, maxConnections } = database
  return [
    {
      part: 'database',
      whenItFails:
        'See that the server of DATABASE_URL runs, is reached from here, and knows the user, password and database in it.',
      look: async () => judge(await inspectDatabase(url), maxConnections),
    },
  ]
}

/** What the facts of a database mean. `wanted`: connections of one process. Pure. */
export function judge(facts: DatabaseFacts, wanted: number): readonly Finding[] {
  return [
    versionOf(facts),
    ...poolingOf(facts),
    ...migrationsOf(facts),
    rightsOf(facts),
    ...judgeRoles(facts.roles),
    connectionsOf(facts, wanted),
    clockOf(facts),
    ...durabilityOf(facts),
  ]
}

function versionOf({ version, encoding, isReadOnly }: DatabaseFacts): Finding {
  const said = `${Math.floor(version / 10_000)}.${version % 10_000}`
  if (version < oldestVersion)
    return problem('version', `PostgreSQL ${said} is too old.`, 'Upgrade it to 15 or newer.')
  if (isReadOnly)
    return problem(
      'version',
      'The server is a standby and refuses writes.',
      'Point DATABASE_URL at the primary.',
    )
  if (encoding !== 'UTF8')
    return problem(
      'version',
      `The database has the encoding ${encoding}.`,
      'Make it anew with ENCODING UTF8.',
    )
  return ok('version', `PostgreSQL ${said} answers.`)
}

function poolingOf({ pooling }: DatabaseFacts): readonly Finding[] {
  if (pooling === 'none') return []
  if (pooling === 'session')
    return [ok('pooler', 'A pooler stands before it, whose connections stay for a session.')]
  return [
    problem(
      'pooler',
      'A pooler stands before it and gives a connection for one transaction only: no app starts.',
      'Set pool_mode = session for this database in it, or point DATABASE_URL at the server itself; see docs/operate/installation.md.',
    ),
  ]
}

function migrationsOf({ migrations }: DatabaseFacts): readonly Finding[] {
  const { missing, failed, edited, unknown } = migrations
  const found: Finding[] = []
  if (failed.length > 0)
    found.push(
      problem(
        'migrations',
        `Did not finish: ${failed.join(', ')}.`,
        `Look at what it left, then: prisma migrate resolve --rolled-back ${failed[0]}, and migrate again.`,
      ),
    )
  if (missing.length > 0)
    found.push(
      problem('migrations', `${missing.length} not applied, from ${missing[0]} on.`, migrate),
    )
  if (edited.length > 0)
    found.push(
      warning(
        'migrations',
        `Changed after they were applied: ${edited.join(', ')}.`,
        'Find out who changed the file, or use the release that the database was made by.',
      ),
    )
  if (unknown.length > 0)
    found.push(
      warning(
        'migrations',
        `Applied by another version: ${unknown.join(', ')}.`,
        'Fine while a newer version is being rolled out; else use the version that made them.',
      ),
    )
  return found.length > 0 ? found : [ok('migrations', 'All are applied.')]
}

function rightsOf({ missingRights }: DatabaseFacts): Finding {
  if (missingRights.length === 0)
    return ok('rights', 'The role may read every table and add to it.')
  return problem(
    'rights',
    `The role may not: ${missingRights.slice(0, 5).join(', ')}${missingRights.length > 5 ? ', …' : ''}.`,
    'Let the role that migrates own the tables and the role of DATABASE_URL have the rights that its migrations give; see docs/operate/installation.md.',
  )
}

function connectionsOf(
  { maxConnections, usedConnections }: DatabaseFacts,
  wanted: number,
): Finding {
  const free = maxConnections - usedConnections
  const says = `${usedConnections} of ${maxConnections} connections are used; a process takes up to ${wanted}.`
  if (free >= wanted) return ok('connections', says)
  return problem(
    'connections',
    says,
    'Lower DATABASE_MAX_CONNECTIONS, run fewer processes, or raise max_connections of the server.',
  )
}

function clockOf({ clockAheadMs }: DatabaseFacts): Finding {
  const says = `Its clock is ${Math.abs(clockAheadMs)} ms ${clockAheadMs >= 0 ? 'ahead of' : 'behind'} this computer's.`
  if (Math.abs(clockAheadMs) <= clockToleranceMs) return ok('clock', says)
  return problem('clock', says, 'Set both clocks by NTP: leases end by them.')
}

function durabilityOf({ losesOnCrash }: DatabaseFacts): readonly Finding[] {
  if (!losesOnCrash) return []
  return [
    warning(
      'durability',
      'fsync or full_page_writes is off: a crash of the server may break the database.',
      'Turn both on.',
    ),
  ]
}
