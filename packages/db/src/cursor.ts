import { DomainError } from '@leasehold/domain'
import { isStorable } from './storable-text.ts'

/**
 * Writes the place after an item of a list. It names the list (kind and tenant), so that it is refused on
 * any other; it holds only what the caller has seen.
 */
export function writeCursor(list: string, at: number, id: string): string {
  return Buffer.from(JSON.stringify([list, at, id])).toString('base64url')
}

/** Null for the first page. Throws `cursor/invalid` for anything that `writeCursor` did not make for this list. */
export function readCursor(
  list: string,
  cursor: string | null,
): { readonly at: number; readonly id: string } | null {
  if (cursor === null) return null
  try {
    const [forList, at, id] = JSON.parse(Buffer.from(cursor, 'base64url').toString()) as unknown[]
    if (forList === list && isTime(at) && typeof id === 'string' && isStorable(id))
      return { at, id }
  } catch {
    // Not ours: said below.
  }
  throw new DomainError(
    'cursor/invalid',
    'This cursor does not belong to this list. Start again without one.',
    {},
    '/cursor',
  )
}

/** Cuts the one extra item that was asked for, and says where the next page begins. */
export function toPage<Item>(
  list: string,
  items: readonly Item[],
  limit: number,
  placeOf: (item: Item) => { readonly at: number; readonly id: string },
): { readonly items: readonly Item[]; readonly next: string | null } {
  const page = items.slice(0, limit)
  const last = page.at(-1)
  if (items.length <= limit || last === undefined) return { items: page, next: null }
  const { at, id } = placeOf(last)
  return { items: page, next: writeCursor(list, at, id) }
}

// The range of JavaScript's Date, ECMA-262 "Time Values and Time Range".
function isTime(at: unknown): at is number {
  return Number.isSafeInteger(at) && Math.abs(at as number) <= 8.64e15
}
