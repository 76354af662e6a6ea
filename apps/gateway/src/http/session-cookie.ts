/** The cookie that holds a browser's session with one lease. */
export type SessionCookie = {
  /** Every value under its name: a page of another lease may have planted one beside ours. */
  valuesIn(header: string | undefined): readonly string[]
  /** The header without it, for upstream; undefined when nothing is left. */
  without(header: string | undefined): string | undefined
  /** A `Set-Cookie` line. */
  set(value: string, maxAgeSeconds: number): string
  /** What a machine may set for itself: never ours, and never for other hosts than its own. Null: drop it. */
  fromMachine(setCookie: string): string | null
}

const maxValues = 4

/** With TLS the name begins with `__Host-`: browsers then take it from this very host only (RFC 6265bis §4.1.3). */
export function makeSessionCookie(isSecure: boolean): SessionCookie {
  const name = isSecure ? '__Host-leasehold' : 'leasehold'
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
  return {
    valuesIn: (header) =>
      pairsIn(header)
        .filter((pair) => nameOf(pair) === name)
        .slice(0, maxValues)
        .map((pair) => pair.slice(name.length + 1).trim()),
    without: (header) => {
      const rest = pairsIn(header).filter((pair) => nameOf(pair) !== name)
      return rest.length === 0 ? undefined : rest.join('; ')
    },
    set: (value, maxAgeSeconds) => `${name}=${value}; Max-Age=${maxAgeSeconds}; ${attributes}`,
    fromMachine: (setCookie) => {
      const [pair = '', ...rest] = setCookie.split(';')
      if (nameOf(pair.trim()).toLowerCase() === name.toLowerCase()) return null
      return [pair, ...rest.filter((attribute) => !/^\s*domain\s*(=|$)/i.test(attribute))].join(';')
    },
  }
}

function pairsIn(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
}

function nameOf(pair: string): string {
  return (pair.split('=')[0] ?? '').trim()
}
