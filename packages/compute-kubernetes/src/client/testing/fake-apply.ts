type Json = Record<string, unknown>
/** Who owns which leaf fields of an object, as JSON pointers. Lists are leaves: they change as a whole. */
export type Ownership = ReadonlyMap<string, ReadonlySet<string>>

export type Applied = { readonly object: Json; readonly owners: Ownership }

/** Fields that another manager owns with another value. */
export type ApplyConflict = { readonly conflicts: readonly { manager: string; field: string }[] }

/** What no manifest owns: it names the object, or the server writes it. */
const unowned =
  /^\/(apiVersion|kind|status|metadata\/(name|namespace|uid|resourceVersion|generation|creationTimestamp|deletionTimestamp))(\/|$)/

/** Server-side apply as the API server does it, but for lists, which are merged by key there and replaced here. */
export function applyFields(
  before: Applied,
  manifest: Json,
  manager: string,
  force: boolean,
): Applied | ApplyConflict {
  const wanted = leavesOf(manifest)
  const mine = before.owners.get(manager) ?? new Set()
  const conflicts = [...wanted].flatMap(([field, value]) =>
    [...before.owners]
      .filter(([other, fields]) => other !== manager && fields.has(field))
      .filter(() => !isSame(valueAt(before.object, field), value))
      .map(([other]) => ({ manager: other, field })),
  )
  if (conflicts.length > 0 && !force) return { conflicts }

  const object = structuredClone(before.object)
  const owners = new Map<string, ReadonlySet<string>>()
  const taken = new Set(conflicts.map(({ field }) => field))
  for (const [other, fields] of before.owners)
    owners.set(other, new Set([...fields].filter((field) => !taken.has(field))))
  owners.set(manager, new Set(wanted.keys()))
  for (const field of mine) if (!wanted.has(field) && !isOwned(owners, field)) remove(object, field)
  for (const [field, value] of wanted) set(object, field, structuredClone(value))
  return { object, owners }
}

/** Who owns what after `manager` wrote `after` over `before` without apply. */
export function ownAfterUpdate(
  owners: Ownership,
  before: Json,
  after: Json,
  manager: string,
): Ownership {
  const old = leavesOf(before)
  const now = leavesOf(after)
  const changed = new Set(
    [...now].filter(([field, value]) => !isSame(old.get(field), value)).map(([field]) => field),
  )
  const next = new Map<string, ReadonlySet<string>>()
  for (const [other, fields] of owners)
    next.set(other, new Set([...fields].filter((field) => now.has(field) && !changed.has(field))))
  next.set(manager, new Set([...(next.get(manager) ?? []), ...changed]))
  return next
}

/** JSON merge patch, RFC 7396. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const result: Json = isObject(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  return result
}

export function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b))
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key])]),
  )
}

function leavesOf(value: Json, at = '', found = new Map<string, unknown>()): Map<string, unknown> {
  for (const [key, child] of Object.entries(value)) {
    const field = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (unowned.test(field) || child === undefined) continue
    if (isObject(child) && Object.keys(child).length > 0) leavesOf(child, field, found)
    else found.set(field, child)
  }
  return found
}

function isOwned(owners: Ownership, field: string): boolean {
  return [...owners.values()].some((fields) => fields.has(field))
}

function keysOf(field: string): readonly string[] {
  return field
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function valueAt(object: Json, field: string): unknown {
  return keysOf(field).reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), object)
}

function set(object: Json, field: string, value: unknown): void {
  const keys = keysOf(field)
  const last = keys.at(-1) ?? ''
  let at = object
  for (const key of keys.slice(0, -1)) {
    if (!isObject(at[key])) at[key] = {}
    at = at[key] as Json
  }
  at[last] = value
}

/** Removes a field, and the objects that are empty without it. */
function remove(object: Json, field: string): void {
  removeKeys(object, keysOf(field))
}

function removeKeys(object: Json, [key = '', ...rest]: readonly string[]): void {
  const child = object[key]
  if (rest.length > 0 && isObject(child)) {
    removeKeys(child, rest)
    if (Object.keys(child).length > 0) return
  }
  delete object[key]
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
