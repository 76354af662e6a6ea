/** A folder below prisma/migrations. `sql` is null when it has no migration.sql. */
export type Migration = { readonly name: string; readonly sql: string | null }

/** What breaks the rules of prisma/README.md, a line each. A statement with a `-- safe because:` before it is trusted. */
export function findMigrationFaults(migrations: readonly Migration[]): readonly string[] {
  const sorted = [...migrations].sort((left, right) => (left.name < right.name ? -1 : 1))
  const tables = new Set<string>()
  const faults: string[] = []
  const times = new Map<string, string>()
  for (const { name, sql } of sorted) {
    const time = /^(\d{14})_[a-z0-9_]+$/.exec(name)?.[1]
    if (time === undefined)
      faults.push(`${name}: name it YYYYMMDDhhmmss_what_it_does, in lower case`)
    else if (times.has(time)) faults.push(`${name}: has the same time as ${times.get(time)}`)
    else times.set(time, name)
    if (sql === null) faults.push(`${name}: has no migration.sql`)
    else faults.push(...faultsOfMigration(name, sql, tables))
  }
  return faults
}

/** `known` are the tables of earlier migrations; this one's are added when it has been read. */
function faultsOfMigration(name: string, sql: string, known: Set<string>): string[] {
  const statements = splitStatements(sql)
  const faults: string[] = []
  const made = new Set(statements.flatMap(({ code }) => tableMadeBy(code) ?? []))
  for (const { code, isTrusted } of statements) {
    const short = code.replace(/\s+/g, ' ').slice(0, 80)
    const table = tableChangedBy(code)
    if (!isTrusted && (table === null || !made.has(table))) {
      for (const [pattern, why] of dangers)
        if (pattern.test(code)) faults.push(`${name}: ${why}: ${short}`)
    }
    const isIndex = /^CREATE\s+(UNIQUE\s+)?INDEX\b/i.test(code)
    const isConcurrent = /\bINDEX\s+CONCURRENTLY\b/i.test(code)
    if (isIndex && !isConcurrent && table !== null && known.has(table) && !isTrusted)
      faults.push(`${name}: build an index on a table that exists CONCURRENTLY: ${short}`)
    if (isConcurrent && statements.length > 1)
      faults.push(`${name}: CONCURRENTLY must be alone in its migration: ${short}`)
  }
  if (name > walledSince)
    for (const { code } of statements) {
      const table = tableMadeBy(code)
      const isWalled = new RegExp(`guard_tenant_rows\\(\\s*'${table}'`).test(sql)
      if (table !== null && /\btenant_id\b/.test(code) && !isWalled)
        faults.push(`${name}: put the wall around ${table} with guard_tenant_rows`)
    }
  for (const table of made) known.add(table)
  return faults
}

/** What the version before cannot live with, or what reads a whole table under a lock. */
const dangers: readonly (readonly [RegExp, string])[] = [
  [/^DROP\s/i, 'takes something away'],
  [/^TRUNCATE\b/i, 'takes rows away'],
  [/^ALTER\s.*\bDROP\b/is, 'takes something away'],
  [/^ALTER\s.*\bRENAME\b/is, 'the version before knows the old name only'],
  [/^ALTER\s+TABLE\s.*\bSET\s+NOT\s+NULL\b/is, 'the version before may write null'],
  [/^ALTER\s+TABLE\s.*\bALTER\s+COLUMN\s.*\bTYPE\b/is, 'rewrites the table under a lock'],
  [
    /^ALTER\s+TABLE\s.*\bADD\s+COLUMN\s(?!.*\bDEFAULT\b).*\bNOT\s+NULL\b/is,
    'the version before does not fill a new column: give it a default or let it be null',
  ],
  [
    /^ALTER\s+TABLE\s.*\bADD\s+CONSTRAINT\s(?!.*\bNOT\s+VALID\b)/is,
    'checks every row under a lock: add it NOT VALID, validate it later',
  ],
  [/^ALTER\s+TABLE\s.*\bADD\s+PRIMARY\s+KEY\b/is, 'builds an index under a lock'],
  [
    /^ALTER\s+TABLE\s.*\bADD\s+COLUMN\s.*(\bDEFAULT\s+(gen_random_uuid|random|clock_timestamp|nextval)\b|\bGENERATED\b|\b(BIG|SMALL)?SERIAL\b)/is,
    'rewrites the table under a lock: add it empty, fill it in batches',
  ],
  [/^ALTER\s+TABLE\s.*\bSET\s+(LOGGED|UNLOGGED|TABLESPACE|ACCESS)\b/is, 'rewrites the table'],
  [/^ALTER\s+TABLE\s.*\b(FORCE|DISABLE)\s+ROW\s+LEVEL\b/is, 'moves the wall between tenants'],
  [/^(UPDATE|DELETE)\b/i, 'changes rows: do it in batches from the worker'],
  [
    /^(VACUUM|CLUSTER|LOCK|REINDEX|REFRESH)\b/i,
    'keeps a table from everyone for as long as it takes',
  ],
  [/^REVOKE\b/i, 'the version before may need it'],
  [/^CREATE\s+OR\s+REPLACE\b/i, 'the version before calls it too: give the new one a new name'],
  [/^CREATE\s+(?:CONSTRAINT\s+)?TRIGGER\b/i, 'changes what the version before does'],
]

/** From this migration on a table with a tenant gets its wall where it is made (docs/adr/0011). */
const walledSince = '20261125034900'

function tableMadeBy(code: string): string | null {
  return nameIn(/^CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(\w+)"?/i.exec(code))
}

function tableChangedBy(code: string): string | null {
  return nameIn(
    /^ALTER\s+TABLE\s+(?:ONLY\s+)?"?(\w+)"?/i.exec(code) ??
      /^CREATE\s+(?:UNIQUE\s+)?INDEX\s.*?\sON\s+"?(\w+)"?/is.exec(code),
  )
}

function nameIn(match: RegExpExecArray | null): string | null {
  return match?.[1] ?? null
}

/** Statements without their comments. Bodies between `$$` stay whole: they are not run by the migration. */
function splitStatements(
  sql: string,
): readonly { readonly code: string; readonly isTrusted: boolean }[] {
  const statements: { code: string; isTrusted: boolean }[] = []
  let code = ''
  let isTrusted = false
  let inBody = false
  for (const line of sql.split('\n')) {
    if (!inBody && line.trimStart().startsWith('--')) {
      isTrusted ||= /^\s*-- safe because: \S/.test(line)
      continue
    }
    code += `${line}\n`
    if ((line.split('$$').length - 1) % 2 === 1) inBody = !inBody
    if (inBody || !line.trimEnd().endsWith(';')) continue
    statements.push({ code: code.trim(), isTrusted })
    code = ''
    isTrusted = false
  }
  if (code.trim() !== '') statements.push({ code: code.trim(), isTrusted })
  return statements
}
