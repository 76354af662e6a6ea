import { readFileSync } from 'node:fs'
import { Cluster, Redis } from 'ioredis'
import { parseRedisAddress, type RedisAddress } from './redis-address.ts'

/** What it takes to reach Redis. */
export type RedisPlace = {
  /** One of the forms of `parseRedisAddress`. */
  readonly url: string
  /** PEM file of the authorities that may vouch for its certificates; null: those of the system. */
  readonly caFile?: string | null
  /** Sentinels may have a user of their own. */
  readonly sentinelUsername?: string | null
  readonly sentinelPassword?: string | null
}

export type RedisConnection = Redis | Cluster

/**
 * `asking`: every command fails at once while Redis is away. `waiting`: blocks, and waits for it to come
 * back; connects when it is used first.
 */
export type RedisUse = 'asking' | 'waiting'

const connectMs = 5_000
const commandMs = 5_000
const longestPauseMs = 5_000

/** Connects in the background, with new attempts for ever. Throws when the address or the CA file cannot be read. */
export function connectRedis(place: RedisPlace, use: RedisUse): RedisConnection {
  const address = parseRedisAddress(place.url)
  const server = serverOptions(address, place, use)
  const isAsking = use === 'asking'
  if (address.kind === 'cluster')
    return new Cluster([...address.hosts], {
      lazyConnect: !isAsking,
      enableOfflineQueue: !isAsking,
      clusterRetryStrategy: pauseBefore,
      slotsRefreshTimeout: connectMs,
      redisOptions: server,
      // Certificates of clusters are for host names; looked up beforehand they would not match.
      ...(address.tls ? { dnsLookup: (host, found) => found(null, host) } : {}),
    })
  const always = { lazyConnect: !isAsking, enableOfflineQueue: !isAsking }
  const single = { ...server, ...always, db: address.database, retryStrategy: pauseBefore }
  if (address.kind === 'single') return new Redis({ ...single, ...address.hosts[0] })
  return new Redis({
    ...single,
    sentinels: [...address.hosts],
    name: address.primaryName,
    sentinelRetryStrategy: pauseBefore,
    enableTLSForSentinelMode: address.tls,
    ...(server.tls === undefined ? {} : { sentinelTLS: server.tls }),
    ...(place.sentinelUsername ? { sentinelUsername: place.sentinelUsername } : {}),
    ...(place.sentinelPassword ? { sentinelPassword: place.sentinelPassword } : {}),
    // A primary that hangs keeps its connections open: the sentinels say when it was replaced.
    failoverDetector: true,
  })
}

function serverOptions(address: RedisAddress, place: RedisPlace, use: RedisUse) {
  const { username, password } = address
  return {
    connectTimeout: connectMs,
    keepAlive: 10_000,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...(address.tls ? { tls: trustIn(place) } : {}),
    ...(use === 'asking'
      ? { maxRetriesPerRequest: 1, commandTimeout: commandMs }
      : { maxRetriesPerRequest: null }),
    // A primary that was replaced answers as a replica until it is left.
    reconnectOnError: (error: Error) => error.message.startsWith('READONLY'),
  }
}

function trustIn({ caFile }: RedisPlace): object {
  if (caFile == null) return {}
  try {
    return { ca: readFileSync(caFile, 'utf8') }
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new Error(`REDIS_CA_FILE cannot be read (${why}): ${caFile}`)
  }
}

/** Longer from time to time, and never the same for two: a server that comes back is not overrun. */
function pauseBefore(attempt: number): number {
  return Math.min(longestPauseMs, 50 * 2 ** Math.min(attempt, 10)) * (0.5 + Math.random() / 2)
}
