import { buildConnector, Pool } from 'undici'
import type { Credentials } from './credentials.ts'

/** Requests at once; more wait for a connection. Watches and logs have connections of their own. */
const mostConnections = 64
const connectTimeoutMs = 5_000
const keepAliveMs = 60_000

export type Connections = {
  /** Where requests go now; made anew when certificates or the address change. */
  pool(credentials: Credentials, use: 'requests' | 'streams'): Pool
  /** Whether this error came before a byte of the request was sent. */
  isNeverSent(error: unknown): boolean
  count(): number
  close(): Promise<void>
}

type Pools = { readonly requests: Pool; readonly streams: Pool; readonly key: string }

/** Connections that are kept and used again. Old ones end by themselves when what is under way on them has ended. */
export function makeConnections(): Connections {
  const neverSent = new WeakSet<object>()
  const open = new Set<Pool>()
  let current: Pools | null = null

  const openPool = (credentials: Credentials, connections: number | null) => {
    const pool = new Pool(credentials.origin, {
      connections,
      pipelining: 1,
      allowH2: false,
      keepAliveTimeout: keepAliveMs,
      // Ours are finer, and they end what they limit.
      headersTimeout: 0,
      bodyTimeout: 0,
      connect: makeConnector(credentials, neverSent),
    })
    open.add(pool)
    return pool
  }
  const retire = (pool: Pool) => {
    void pool
      .close()
      .catch(() => {})
      .finally(() => open.delete(pool))
  }

  return {
    pool(credentials, use) {
      const key = JSON.stringify([credentials.origin, credentials.tls])
      if (current?.key !== key) {
        if (current !== null) for (const old of [current.requests, current.streams]) retire(old)
        current = {
          key,
          requests: openPool(credentials, mostConnections),
          streams: openPool(credentials, null),
        }
      }
      return current[use]
    },
    isNeverSent: (error) => typeof error === 'object' && error !== null && neverSent.has(error),
    count: () => [...open].reduce((sum, pool) => sum + pool.stats.connected, 0),
    async close() {
      await Promise.all([...open].map((pool) => pool.destroy()))
      open.clear()
      current = null
    },
  }
}

function makeConnector({ tls }: Credentials, neverSent: WeakSet<object>): buildConnector.connector {
  const connect = buildConnector({
    timeout: connectTimeoutMs,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(tls ?? {}),
  })
  return (options, callback) =>
    connect(options, (...outcome) => {
      const [error] = outcome
      if (error !== null) neverSent.add(error)
      callback(...outcome)
    })
}
