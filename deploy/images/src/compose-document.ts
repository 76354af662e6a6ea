import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parse } from 'yaml'

export const root = resolve(import.meta.dirname, '../../..')

/** As much of a service as tests look at. */
export type ComposeService = {
  readonly image: string
  readonly user?: string
  readonly build?: { readonly dockerfile: string; readonly target: string }
  readonly environment?: Readonly<Record<string, string>>
  readonly secrets?: readonly string[]
  readonly volumes?: readonly string[]
  readonly ports?: readonly string[]
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>
  readonly healthcheck?: { readonly test: readonly string[]; readonly start_period?: string }
  readonly command?: readonly string[]
  readonly read_only?: boolean
  readonly cap_drop?: readonly string[]
  readonly networks?: readonly string[]
}

export type ComposeDocument = {
  readonly services: Readonly<Record<string, ComposeService>>
  readonly secrets: Readonly<Record<string, { readonly file: string }>>
  readonly configs: Readonly<Record<string, { readonly file: string }>>
  readonly volumes: Readonly<Record<string, unknown>>
}

/**
 * docker-compose.yml as Compose reads it when `.env` is absent: merge keys resolved, `${NAME:-default}` replaced,
 * `$$` as one dollar.
 */
export function readCompose(): ComposeDocument {
  const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8')
  const filled = text.replace(
    /\$\$|\$\{(\w+)(?::-([^}]*))?\}/g,
    (whole, name?: string, fallback?: string) => {
      if (whole === '$$') return '$'
      if (fallback === undefined) throw new Error(`docker-compose.yml: ${name} has no default`)
      return fallback
    },
  )
  return parse(filled, { merge: true })
}

/** One instruction of a Dockerfile: `COPY`, and the rest of its line with continuations joined. */
export type Instruction = { readonly name: string; readonly text: string }
export type BuildStage = {
  readonly name: string
  readonly from: string
  readonly instructions: readonly Instruction[]
}

/** The stages of deploy/images/Dockerfile, in order. */
export function readDockerfile(): readonly BuildStage[] {
  const lines = readFileSync(join(root, 'deploy/images/Dockerfile'), 'utf8')
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter((line) => line.trim() !== '')
  const stages: { name: string; from: string; instructions: Instruction[] }[] = []
  for (const line of lines) {
    const [name = '', ...words] = line.split(' ')
    const text = words.join(' ')
    if (name === 'FROM')
      stages.push({ name: words[2] ?? '', from: words[0] ?? '', instructions: [] })
    else stages.at(-1)?.instructions.push({ name, text })
  }
  return stages
}

/** What holds in the image of a stage: its own instructions after those of the stages it is made from. */
export function instructionsOf(name: string, stages = readDockerfile()): readonly Instruction[] {
  const stage = stages.find((one) => one.name === name)
  return stage === undefined ? [] : [...instructionsOf(stage.from, stages), ...stage.instructions]
}

/** `ENV A=1 B=2` as a record. */
export function environmentOf(name: string): Readonly<Record<string, string>> {
  const pairs = instructionsOf(name)
    .filter((one) => one.name === 'ENV')
    .flatMap(({ text }) => text.split(/\s+/))
    .map((pair) => pair.split('=') as [string, string])
  return Object.fromEntries(pairs)
}
