import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePorts } from '../free-ports.ts'
import { type RedisProcess, startRedisProcess } from './redis-process.ts'
import { usualLines } from './start-redis.ts'

/** A primary, a replica, and three sentinels that watch them. */
export type StartedSentinels = {
  /** `redis+sentinel://…`, for `REDIS_URL`. */
  readonly url: string
  /** For `REDIS_SENTINEL_PASSWORD`. */
  readonly sentinelPassword: string
  /** The two servers; the first one was the primary at the start. */
  readonly servers: readonly [RedisProcess, RedisProcess]
  stop(): Promise<void>
}

const primaryName = 'leasehold'
const sentinelCount = 3
/** How long the primary may be silent before the sentinels choose another one. */
const downAfterMs = 1_500

/** Starts five processes on free ports of 127.0.0.1; passwords for the servers and, another one, for the sentinels. */
export async function startRedisSentinel(options: {
  readonly folder: string
  readonly signal?: AbortSignal
}): Promise<StartedSentinels> {
  const { folder, signal } = options
  const [primaryPort = 0, replicaPort = 0, ...sentinelPorts] = await freePorts(2 + sentinelCount)
  const password = randomBytes(18).toString('base64url')
  const sentinelPassword = randomBytes(18).toString('base64url')
  const started: RedisProcess[] = []
  const stop = async () => void (await Promise.all(started.map((one) => one.stop())))
  const start = async (name: string, role: 'server' | 'sentinel', port: number, more: string[]) => {
    const lines = [`port ${port}`, ...more]
    const place = { folder: join(folder, name), port, role, signal }
    const one = await startRedisProcess({ ...place, lines })
    started.push(one)
    return one
  }
  const secured = [...usualLines, `requirepass ${password}`, `masterauth ${password}`]
  try {
    const primary = await start('primary', 'server', primaryPort, secured)
    const follow = `replicaof 127.0.0.1 ${primaryPort}`
    const replica = await start('replica', 'server', replicaPort, [...secured, follow])
    for (const [index, port] of sentinelPorts.entries())
      await start(`sentinel-${index}`, 'sentinel', port, [
        `requirepass ${sentinelPassword}`,
        `sentinel sentinel-pass ${sentinelPassword}`,
        `sentinel monitor ${primaryName} 127.0.0.1 ${primaryPort} 2`,
        `sentinel auth-pass ${primaryName} ${password}`,
        `sentinel down-after-milliseconds ${primaryName} ${downAfterMs}`,
        `sentinel failover-timeout ${primaryName} 5000`,
      ])
    const places = sentinelPorts.map((port) => `127.0.0.1:${port}`).join(',')
    const url = `redis+sentinel://:${password}@${places}/${primaryName}/0`
    return { url, sentinelPassword, servers: [primary, replica], stop }
  } catch (error) {
    await stop()
    throw error
  }
}
