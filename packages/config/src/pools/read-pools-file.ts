import { isIP } from 'node:net'
import { dirname, resolve } from 'node:path'
import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { parse } from 'yaml'
import {
  advice,
  type ClusterPoolEntry,
  clusterPoolSchema,
  type GpuEntry,
  type LocalPoolEntry,
  localPoolSchema,
} from './pool-schemas.ts'

export type PoolEntries = {
  readonly local: LocalPoolEntry | null
  readonly clusters: readonly ClusterPoolEntry[]
}

const maxFileBytes = 1_048_576

/**
 * Reads the file that lists the pools, YAML or JSON: `{ pools: [ … ] }`. Paths in it count from its own folder.
 * Every fault is added to `faults` with the field, what is allowed and what to write; null when there is one.
 */
export function readPoolsFile(
  path: string,
  readFile: (path: string) => string,
  faults: string[],
): PoolEntries | null {
  const say = (fault: string) => void faults.push(`LEASEHOLD_POOLS ${path}: ${fault}`)
  const before = faults.length
  const found = entriesIn(path, readFile, say)
  const entries = found.map((entry, index) => checkEntry(entry, `pools[${index}]`, say))
  if (faults.length > before) return null
  const known = entries.filter((entry) => entry !== null)
  checkTogether(known, say)
  if (faults.length > before) return null
  const folder = dirname(resolve(path))
  return {
    local: known.find((entry) => entry.kind === 'local') ?? null,
    clusters: known
      .filter((entry) => entry.kind === 'kubernetes')
      .map((entry) => ({ ...entry, kubeconfig: resolveFile(entry.kubeconfig, folder) })),
  }
}

type Say = (fault: string) => void

function entriesIn(path: string, readFile: (path: string) => string, say: Say): readonly unknown[] {
  const content = contentOf(path, readFile, say)
  if (content === null) return []
  if (Buffer.byteLength(content) > maxFileBytes) {
    say(`it has more than ${maxFileBytes} bytes`)
    return []
  }
  try {
    const document: unknown = parse(content, { maxAliasCount: 100 })
    const { pools, ...rest } = (document ?? {}) as { pools?: unknown }
    if (Array.isArray(pools) && pools.length > 0 && Object.keys(rest).length === 0) return pools
    say(
      'it must hold one list, pools: with at least one entry; see deploy/kubernetes/pools.example.yaml',
    )
  } catch (error) {
    say(`it is no YAML or JSON: ${(error as Error).message.split('\n')[0]}`)
  }
  return []
}

function contentOf(path: string, readFile: (path: string) => string, say: Say): string | null {
  try {
    return readFile(path)
  } catch (error) {
    say(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown error'})`)
    return null
  }
}

type Entry = LocalPoolEntry | ClusterPoolEntry

function checkEntry(entry: unknown, where: string, say: Say): Entry | null {
  const kind = (entry as { kind?: unknown } | null)?.kind
  if (kind !== 'local' && kind !== 'kubernetes') {
    say(`${where}.kind must be local or kubernetes`)
    return null
  }
  const schema: TSchema = kind === 'local' ? localPoolSchema : clusterPoolSchema
  const value = Value.Default(schema, structuredClone(entry))
  const faults = new Map<string, string>()
  for (const { instancePath, message, keyword, params } of Value.Errors(schema, value)) {
    const field = `${where}${instancePath.replace(/\/(\d+)/g, '[$1]').replaceAll('/', '.')}`
    // A union complains about each of its members, too: the place that is deepest says most.
    if (keyword !== 'anyOf' && !faults.has(field))
      faults.set(field, faultText(message, keyword, params))
    else if (keyword === 'anyOf' && !faults.has(field))
      faults.set(field, 'is none of what is allowed')
  }
  for (const [field, fault] of faults) {
    const advised =
      advice[
        field
          .split('.')
          .at(-1)
          ?.replace(/\[\d+\]$/, '') ?? ''
      ]
    say(`${field} ${fault}${advised === undefined ? '' : `; write ${advised}`}`)
  }
  return faults.size > 0 ? null : (value as Entry)
}

function faultText(message: string, keyword: string, params: object): string {
  if (keyword !== 'additionalProperties') return message
  const { additionalProperties = [] } = params as { additionalProperties?: readonly string[] }
  return `has unknown fields: ${additionalProperties.join(', ')}`
}

/** What no entry can know alone, and what a pattern cannot say. */
function checkTogether(entries: readonly Entry[], say: Say): void {
  const names = entries.map(({ name }) => name)
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index)))
    say(`two pools are called ${name}: give each a name of its own`)
  if (entries.filter(({ kind }) => kind === 'local').length > 1)
    say('this computer can be one pool only: keep one entry of kind local')
  const clusters = entries.filter((entry) => entry.kind === 'kubernetes')
  const places = clusters.map(({ kubeconfig, prefix }) => JSON.stringify([kubeconfig, prefix]))
  clusters.forEach((entry, index) => {
    const where = `the pool ${entry.name}`
    if (places.indexOf(places[index] ?? '') !== index)
      say(`${where} is in the same cluster as an earlier one: give it another prefix`)
    if (/^https?:\/\/(127\.|localhost\b|\[::1\])/.test(entry.runApiUrl))
      say(
        `${where}: runApiUrl names this computer's loopback, which pods cannot reach: write ${advice.runApiUrl}`,
      )
    for (const range of [...entry.clusterRanges, ...(entry.gatewayRanges ?? [])])
      if (!isRange(range)) say(`${where}: ${range} is no range: write ${advice.cidr}`)
    for (const [type, gpu] of Object.entries(entry.gpus)) {
      const fault = gpuFault(gpu)
      if (fault !== null) say(`${where}: gpus.${type} ${fault}`)
    }
    for (const { cidr } of entry.openEndpoints)
      if (!isRange(cidr)) say(`${where}: openEndpoints: ${cidr} is no range: write ${advice.cidr}`)
  })
}

function gpuFault({ by, resourceName, perCard, deviceClassName }: GpuEntry): string | null {
  if (by === 'dra')
    return deviceClassName === undefined || resourceName !== undefined || perCard !== undefined
      ? 'by dra has a deviceClassName, and nothing else'
      : null
  return resourceName === undefined || deviceClassName !== undefined
    ? 'by device-plugin has a resourceName, perhaps perCard, and nothing else'
    : null
}

function isRange(text: string): boolean {
  const [address = '', length = ''] = text.split('/')
  const family = isIP(address)
  return family !== 0 && Number(length) <= (family === 4 ? 32 : 128)
}

function resolveFile(kubeconfig: ClusterPoolEntry['kubeconfig'], folder: string) {
  return kubeconfig && { ...kubeconfig, file: resolve(folder, kubeconfig.file) }
}
