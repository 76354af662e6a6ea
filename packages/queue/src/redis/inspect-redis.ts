import { connectRedis, type RedisPlace } from './connect-redis.ts'

/** What a Redis says of itself, for whoever looks after it. */
export type RedisFacts = {
  /** For example `7.0.15`. */
  readonly version: string
  /** Anything but `noeviction` throws jobs away when memory is short. */
  readonly evictionPolicy: string
  /** Writes of jobs are refused above it; null: no limit. */
  readonly maxMemoryBytes: number | null
  readonly usedMemoryBytes: number
}

/** Throws what the server or the network says when it cannot be asked within `timeoutMs`. */
export async function inspectRedis(place: RedisPlace, timeoutMs = 10_000): Promise<RedisFacts> {
  const connection = connectRedis(place, 'waiting')
  let trouble: Error | null = null
  connection.on('error', (error: Error) => {
    trouble = error
  })
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(trouble ?? new Error('no answer')), timeoutMs)
  try {
    const text = await Promise.race([connection.info(), late])
    return factsOf(text)
  } finally {
    clearTimeout(timer)
    connection.disconnect()
  }
}

/** The answer to INFO: `name:value` lines. */
function factsOf(text: string): RedisFacts {
  const lines = new Map(text.split(/\r?\n/).map((line) => line.split(':', 2) as [string, string]))
  const maxMemory = Number(lines.get('maxmemory') ?? 0)
  return {
    version: lines.get('redis_version') ?? 'unknown',
    evictionPolicy: lines.get('maxmemory_policy') ?? 'unknown',
    maxMemoryBytes: maxMemory === 0 ? null : maxMemory,
    usedMemoryBytes: Number(lines.get('used_memory') ?? 0),
  }
}
