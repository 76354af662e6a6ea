import { readFileSync } from 'node:fs'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { meanings } from './setting-meanings.ts'
import { type SettingName, type Settings, settings } from './settings.ts'

export type EnvironmentSource = Readonly<Record<string, string | undefined>>
export type FileReader = (path: string) => string

/** A secret is a line; whatever is larger was given by mistake. */
const maxSecretBytes = 65_536

/** Reads every setting by itself, so that one bad value does not hide another. An empty value counts as not given. */
export function readSettings(
  source: EnvironmentSource,
  readFile: FileReader = (path) => readFileSync(path, 'utf8'),
): { readonly settings: Settings | null; readonly faults: readonly string[] } {
  const faults: string[] = []
  const found: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries<TSchema>(settings)) {
    const given = givenValue(name as SettingName, source, readFile, faults)
    const value = given === undefined ? defaultOf(schema) : Value.Convert(schema, given)
    if (value === undefined) continue
    const fault = firstFault(schema, value)
    if (fault === null) found[name] = value
    else faults.push(`${name} ${fault}`)
  }
  return { settings: faults.length > 0 ? null : (found as Settings), faults }
}

function givenValue(
  name: SettingName,
  source: EnvironmentSource,
  readFile: FileReader,
  faults: string[],
): string | undefined {
  const direct = source[name] || undefined
  if (meanings[name].secret !== true) return direct
  const path = source[`${name}_FILE`] || undefined
  if (path === undefined) return direct
  if (direct !== undefined) {
    faults.push(`${name} and ${name}_FILE are both set: keep one`)
    return undefined
  }
  return contentOf(path, name, readFile, faults)
}

function contentOf(
  path: string,
  name: SettingName,
  readFile: FileReader,
  faults: string[],
): string | undefined {
  try {
    const content = readFile(path)
    // Editors end a file with a newline that is no part of the secret.
    const value = content.replace(/\r?\n$/, '')
    if (value.length > 0 && content.length <= maxSecretBytes) return value
    faults.push(`${name}_FILE names a file that is ${value.length > 0 ? 'too large' : 'empty'}`)
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    faults.push(`${name}_FILE names a file that cannot be read (${why}): ${path}`)
  }
  return undefined
}

function defaultOf(schema: TSchema): unknown {
  return 'default' in schema ? schema.default : undefined
}

function firstFault(schema: TSchema, value: unknown): string | null {
  const errors = Value.Errors(schema, value)
  if (errors.length === 0) return null
  const choices = 'anyOf' in schema ? (schema.anyOf as { const: unknown }[]) : null
  if (choices !== null) return `must be one of ${choices.map((one) => one.const).join(', ')}`
  return errors[0]?.message ?? 'is not valid'
}
