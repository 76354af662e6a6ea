import type { TSchema } from 'typebox'
import { meanings } from './setting-meanings.ts'
import { type SettingName, settings } from './settings.ts'

/** One row of the settings table. */
export type SettingDescription = {
  readonly name: SettingName
  readonly group: string
  readonly description: string
  /** What holds when it is not set, in words. */
  readonly otherwise: string
  /** What may be written, in words. */
  readonly allowed: string
  /** May also be given as `<name>_FILE`. */
  readonly secret: boolean
}

/** Every setting in the order of the schema, for people and for generated documents. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.entries<TSchema>(settings).map(([key, schema]) => {
    const name = key as SettingName
    const { group, description, absent, secret } = meanings[name]
    return {
      name,
      group,
      description,
      otherwise: 'default' in schema ? String(schema.default) : (absent ?? 'nothing'),
      allowed: allowedOf(schema),
      secret: secret === true,
    }
  })
}

/** The content of `docs/settings.md`. */
export function settingsDocument(): string {
  const rows = describeSettings()
  const groups = [...new Set(rows.map((row) => row.group))]
  const tables = groups.map((group) => {
    const lines = rows
      .filter((row) => row.group === group)
      .map(
        (row) =>
          `| \`${row.name}\`${row.secret ? ' 🔒' : ''} | ${row.description} | ${row.allowed} | ${row.otherwise} |`,
      )
    return `## ${group}\n\n| Variable | What it does | Allowed | When not set |\n| --- | --- | --- | --- |\n${lines.join('\n')}\n`
  })
  return `# Settings\n\nGenerated from \`packages/config/src/settings.ts\`; do not edit. Read once at start; all faults are reported at once.\n🔒 marks secrets: each may also be given as \`<NAME>_FILE\`, the path of a file that holds it.\n\n${tables.join('\n')}`
}

function allowedOf(schema: TSchema): string {
  const facts = schema as {
    type?: string
    minimum?: number
    maximum?: number
    pattern?: string
    anyOf?: { const: unknown }[]
  }
  if (facts.anyOf !== undefined) return facts.anyOf.map((one) => `\`${one.const}\``).join(', ')
  if (facts.type === 'boolean') return '`true`, `false`'
  if (facts.type === 'integer') return `${facts.minimum} … ${facts.maximum}`
  return facts.pattern === undefined ? 'text' : `\`${facts.pattern}\``
}
