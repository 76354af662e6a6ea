/**
 * Names whose text is never written, wherever they stand. Keys count as secrets unless they are ids or
 * public: `keyId` and `publicKey` pass, `masterKey` does not. Environments hold what renters put there.
 */
const secretName =
  /authorization|cookie|token|secret|passw(or)?d|passphrase|credential|signature|jwt|keymaterial|environment|^env$|^code$|codehash|session|(?<!public|dedup|partition)keys?$/
/** An error's `code` says what happened (`ECONNREFUSED`); a one-time code is another thing. */
const errorCode = /^[A-Z0-9_]{2,40}$|^[a-z-]+\/[a-z-]+$/

const removed = '[redacted]'
const maxDepth = 8
const maxItems = 50
const maxText = 8_000

/** A copy of `fields` that is fit for a log: secrets removed by name and by shape, sizes bounded, errors spelled out. */
export function redact(fields: object): Record<string, unknown> {
  return copyObject(fields, 0, new Set()) as Record<string, unknown>
}

const secretShapes: readonly (readonly [RegExp, string])[] = [
  [/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${removed}`],
  // Three dotted base64url parts of which the first opens a JSON object: a signed token.
  // An API key of ours; its id may stay.
  [/\b(lsh_[a-z0-9]+_)[\w-]{20,}/g, `$1${removed}`],
  [/\beyJ[\w-]{5,}\.[\w-]+\.[\w-]*/g, removed],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@/]+@/gi, `$1${removed}@`],
  [
    /([?&](?:x-amz-(?:signature|credential|security-token)|token|code|key)=)[^&\s"']+/gi,
    `$1${removed}`,
  ],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, removed],
]

/** Every shape holds one of these; most texts of a log line (ids, names, numbers) hold none. */
const mayHoldSecret = /[\s?&]|eyJ|lsh_|:\/\//

/** Removes what looks like a secret from running text, and everything past 8,000 characters. */
export function scrubText(text: string): string {
  let clean = text.length > maxText ? `${text.slice(0, maxText)}…` : text
  if (!mayHoldSecret.test(clean)) return clean
  for (const [shape, replacement] of secretShapes) clean = clean.replace(shape, replacement)
  return clean
}

function copy(name: string, value: unknown, depth: number, above: Set<object>): unknown {
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (isSecret(name, value)) return removed
  if (typeof value === 'string') return scrubText(value)
  if (typeof value !== 'object' || value === null) return value
  return copyObject(value, depth, above)
}

/** Numbers, booleans and null tell that something is there, not what it is. */
function isSecret(name: string, value: unknown): boolean {
  if (value === null || (typeof value !== 'string' && typeof value !== 'object')) return false
  const kind = kindOfName(name)
  return kind === 'code' && typeof value === 'string' ? !errorCode.test(value) : kind !== 'plain'
}

type NameKind = 'plain' | 'secret' | 'code'

/** Log lines have the same few names again and again; those that somebody makes up must not pile up. */
const knownNames = new Map<string, NameKind>()
const mostKnownNames = 1_000

function kindOfName(name: string): NameKind {
  const known = knownNames.get(name)
  if (known !== undefined) return known
  const plain = name.toLowerCase().replace(/[-_.\s]/g, '')
  const kind = plain === 'code' ? 'code' : secretName.test(plain) ? 'secret' : 'plain'
  if (knownNames.size < mostKnownNames && name.length <= 64) knownNames.set(name, kind)
  return kind
}

function copyObject(value: object, depth: number, above: Set<object>): unknown {
  if (above.has(value)) return '[circular]'
  if (depth > maxDepth) return '[too deep]'
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`
  if (value instanceof URL) return scrubText(value.toString())
  above.add(value)
  try {
    if (Array.isArray(value)) return copyList(value, depth, above)
    if (value instanceof Map) return copyEntries([...value], depth, above)
    if (value instanceof Set) return copyList([...value], depth, above)
    return copyEntries(entriesOf(value), depth, above)
  } finally {
    above.delete(value)
  }
}

function copyList(list: readonly unknown[], depth: number, above: Set<object>): unknown[] {
  const kept = list.slice(0, maxItems).map((item) => copy('', item, depth + 1, above))
  return list.length > maxItems ? [...kept, `[${list.length - maxItems} more]`] : kept
}

function copyEntries(
  entries: readonly (readonly [unknown, unknown])[],
  depth: number,
  above: Set<object>,
): Record<string, unknown> {
  const result: Record<string, unknown> = {}
  for (const [key, item] of entries.slice(0, maxItems)) {
    const name = String(key)
    result[name] = copy(name, item, depth + 1, above)
  }
  return result
}

/** An error's name, text, stack and cause are not enumerable, and are what a log is for. */
function entriesOf(value: object): readonly (readonly [string, unknown])[] {
  const own = Object.keys(value).map((key) => [key, read(value, key)] as const)
  if (!(value instanceof Error)) return own
  const told = [
    ['type', value.name],
    ['message', value.message],
    ['stack', value.stack],
  ] as const
  const cause = value.cause === undefined ? [] : [['cause', value.cause] as const]
  return [...told, ...cause, ...own.filter(([key]) => key !== 'cause')]
}

/** A getter may throw; a log line must not. */
function read(value: object, key: string): unknown {
  try {
    return (value as Record<string, unknown>)[key]
  } catch {
    return '[unreadable]'
  }
}
