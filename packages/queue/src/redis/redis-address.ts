/** Where Redis is, as `REDIS_URL` says it. */
export type RedisAddress = {
  readonly kind: 'single' | 'sentinel' | 'cluster'
  readonly tls: boolean
  /** Of an access list; undefined: the default user. */
  readonly username: string | undefined
  readonly password: string | undefined
  /** The server, the sentinels, or some servers of the cluster. */
  readonly hosts: readonly { readonly host: string; readonly port: number }[]
  /** What the sentinels call the primary. */
  readonly primaryName: string
  readonly database: number
}

const form =
  /^(rediss?)(\+sentinel|\+cluster)?:\/\/(?:([^:@/?#]*)(?::([^@/?#]*))?@)?([^@/?#]+)(?:\/([^?#]*))?$/
const hostForm = /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?$/
const usualPorts = { single: 6_379, sentinel: 26_379, cluster: 6_379 } as const

/**
 * Reads `redis(s)://user:password@host:port/database`, `redis(s)+sentinel://…@host,host/name/database`
 * and `redis(s)+cluster://…@host,host`. Throws with the forms that are possible; what was given is not
 * repeated, because it holds a password.
 */
export function parseRedisAddress(url: string): RedisAddress {
  const match = form.exec(url)
  if (match === null) throw badAddress('It has none of these forms')
  const [, scheme, suffix, user, password, places = '', path = ''] = match
  const kind = suffix === undefined ? 'single' : (suffix.slice(1) as 'sentinel' | 'cluster')
  const hosts = places.split(',').map((place) => hostFrom(place, usualPorts[kind]))
  if (kind === 'single' && hosts.length > 1)
    throw badAddress('Several hosts need +sentinel or +cluster')
  const parts = path.split('/').filter((part) => part !== '')
  const primaryName = kind === 'sentinel' ? decoded(parts.shift() ?? '') : ''
  if (kind === 'sentinel' && primaryName === '')
    throw badAddress('The name of the primary is missing')
  const database = Number(parts.shift() ?? 0)
  if (!Number.isInteger(database) || database < 0 || parts.length > 0)
    throw badAddress('The database is not a number')
  if (kind === 'cluster' && database !== 0) throw badAddress('A cluster has database 0 only')
  return {
    kind,
    tls: scheme === 'rediss',
    username: user ? decoded(user) : undefined,
    password: password ? decoded(password) : undefined,
    hosts,
    primaryName,
    database,
  }
}

function hostFrom(place: string, usualPort: number): RedisAddress['hosts'][number] {
  const match = hostForm.exec(place)
  const port = Number(match?.[2] ?? usualPort)
  if (match?.[1] === undefined || port < 1 || port > 65_535)
    throw badAddress('One of its hosts is not host:port')
  return { host: match[1].replace(/^\[|\]$/g, ''), port }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw badAddress('It holds a broken percent-encoding')
  }
}

function badAddress(why: string): Error {
  return new Error(
    `REDIS_URL cannot be used. ${why}: redis://user:password@host:6379/0, redis+sentinel://user:password@host:26379,host:26379/name/0 or redis+cluster://user:password@host:6379,host:6379; rediss… for TLS; special characters of a password percent-encoded.`,
  )
}
