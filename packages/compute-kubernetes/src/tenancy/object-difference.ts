import type { KubeManifest, KubeObject } from '../client/kube-object.ts'
import { quantityValue } from './quantity-text.ts'

/** One way in which an object is not as it must be; `path` as in `spec.hard.pods`. */
export type Difference = {
  readonly path: string
  readonly what: 'missing' | 'differs' | 'extra'
  /** Keys from the top of the object; list elements by number. */
  readonly keys: readonly (string | number)[]
}

type Json = Readonly<Record<string, unknown>>

/**
 * How a live object differs from what was applied. Labels and annotations may have company; in the other fields that
 * the manifest names nothing may be missing, changed or added. Quantities are compared by value (`1024Mi`, `1Gi`).
 */
export function differences(wanted: KubeManifest, live: KubeObject): readonly Difference[] {
  const found: Difference[] = []
  for (const part of ['labels', 'annotations'] as const)
    compare(wanted.metadata[part] ?? {}, live.metadata[part] ?? {}, ['metadata', part], found)
  const beside = found.filter(({ what }) => what !== 'extra')
  const inBody: Difference[] = []
  for (const [key, value] of Object.entries(wanted)) {
    if (key === 'metadata' || key === 'apiVersion' || key === 'kind') continue
    compareValue(value, (live as unknown as Json)[key], [key], inBody)
  }
  return [...beside, ...inBody]
}

/** A merge patch that takes away what was added; null when server-side apply alone puts everything right. */
export function withoutExtras(found: readonly Difference[]): object | null {
  const extras = found.filter(
    ({ what, keys }) => what === 'extra' && keys.every((key) => typeof key === 'string'),
  )
  if (extras.length === 0) return null
  const patch: Record<string, unknown> = {}
  for (const { keys } of extras) {
    let at = patch
    for (const key of keys.slice(0, -1)) {
      at[key] ??= {}
      at = at[key] as Record<string, unknown>
    }
    at[String(keys.at(-1))] = null
  }
  return patch
}

function compare(wanted: Json, live: Json, keys: Difference['keys'], found: Difference[]): void {
  for (const [key, value] of Object.entries(wanted))
    compareValue(value, live[key], [...keys, key], found)
  for (const key of Object.keys(live))
    if (!(key in wanted)) found.push(difference([...keys, key], 'extra'))
}

function compareValue(
  wanted: unknown,
  live: unknown,
  keys: Difference['keys'],
  found: Difference[],
): void {
  if (live === undefined || live === null) {
    if (!isEmpty(wanted)) found.push(difference(keys, 'missing'))
  } else if (Array.isArray(wanted) && Array.isArray(live)) {
    if (wanted.length !== live.length) found.push(difference(keys, 'differs'))
    else
      wanted.forEach(
        (value, index) => void compareValue(value, live[index], [...keys, index], found),
      )
  } else if (isObject(wanted) && isObject(live)) compare(wanted, live, keys, found)
  else if (!isSameScalar(wanted, live)) found.push(difference(keys, 'differs'))
}

function difference(keys: Difference['keys'], what: Difference['what']): Difference {
  return { path: keys.join('.'), what, keys }
}

function isSameScalar(wanted: unknown, live: unknown): boolean {
  if (wanted === live) return true
  const value = quantityValue(wanted)
  return value !== null && value === quantityValue(live)
}

/** The API server leaves out lists and maps that are empty. */
function isEmpty(value: unknown): boolean {
  return Array.isArray(value)
    ? value.length === 0
    : isObject(value) && Object.keys(value).length === 0
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
