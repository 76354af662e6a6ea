import type { PageRequest } from '@leasehold/application'

type PageQuery = { readonly limit?: number; readonly cursor?: string }

/** `?limit=&cursor=` as a page request. */
export function pageFrom(query: PageQuery): PageRequest {
  return { limit: query.limit ?? 50, cursor: query.cursor ?? null }
}

type FilterQuery<State extends string> = {
  readonly label?: readonly string[]
  readonly state?: readonly State[]
}

/** `?label=key=value&state=…` as a filter. */
export function filterFrom<State extends string>({
  label,
  state,
}: FilterQuery<State>): {
  readonly states?: readonly State[]
  readonly labels?: Readonly<Record<string, string>>
} {
  return {
    ...(state === undefined ? {} : { states: state }),
    ...(label === undefined ? {} : { labels: Object.fromEntries(label.map(pairFrom)) }),
  }
}

function pairFrom(text: string): readonly [string, string] {
  const at = text.indexOf('=')
  return [text.slice(0, at), text.slice(at + 1)]
}
