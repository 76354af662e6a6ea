/** Why something failed, in one line and without credentials of an address. Node hides the reason of `fetch` and of several attempts. */
export function reasonOf(error: unknown): string {
  const inner = error instanceof AggregateError ? error.errors[0] : error
  if (!(inner instanceof Error)) return String(inner)
  const cause = inner.cause === undefined ? null : reasonOf(inner.cause)
  const text = inner.message || (inner as NodeJS.ErrnoException).code || inner.name
  return withoutCredentials(cause === null ? text : `${text} (${cause})`)
}

function withoutCredentials(text: string): string {
  return text
    .replace(/\/\/[^/@\s]*@/g, '//…@')
    .replace(/\s+/g, ' ')
    .slice(0, 500)
}
