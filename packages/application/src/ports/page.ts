/** One page of a list. `next` is an opaque cursor, null on the last page. */
export type Page<Item> = { readonly items: readonly Item[]; readonly next: string | null }

/** `limit` is 1 … 200. `cursor` is what an earlier page gave; a foreign or broken one is `cursor/invalid`. */
export type PageRequest = { readonly limit: number; readonly cursor: string | null }
