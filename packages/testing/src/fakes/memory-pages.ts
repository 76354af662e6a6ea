import type { Page, PageRequest } from '@leasehold/application'
import { DomainError } from '@leasehold/domain'

/**
 * Cuts a page out of sorted items. `keyOf` sorts like the items; a cursor names the list it belongs to
 * and the last key it gave, and is refused on any other list.
 */
export function cutPage<Item>(
  list: string,
  items: readonly Item[],
  keyOf: (item: Item) => string,
  { limit, cursor }: PageRequest,
  order: 'rising' | 'falling',
): Page<Item> {
  const after = cursor === null ? null : readCursor(list, cursor)
  const isAfter = (key: string) =>
    after === null || (order === 'rising' ? key > after : key < after)
  const rest = items
    .map((item) => ({ item, key: keyOf(item) }))
    .sort((left, right) => (left.key < right.key === (order === 'rising') ? -1 : 1))
    .filter(({ key }) => isAfter(key))
  const page = rest.slice(0, limit)
  const last = page.at(-1)
  return {
    items: page.map(({ item }) => item),
    next: rest.length > limit && last !== undefined ? writeCursor(list, last.key) : null,
  }
}

/** Sorts by time, then id. */
export function timeKey(at: number, id: string): string {
  return `${String(at).padStart(16, '0')} ${id}`
}

function writeCursor(list: string, key: string): string {
  return Buffer.from(JSON.stringify([list, key])).toString('base64url')
}

function readCursor(list: string, cursor: string): string {
  try {
    const [forList, key] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (forList === list && typeof key === 'string') return key
  } catch {
    // Whatever is wrong with it, the answer is the same.
  }
  throw new DomainError('cursor/invalid', 'The cursor is not one of this list: begin without one.')
}
