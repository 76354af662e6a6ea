import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { freePorts } from '../free-ports.ts'
import { type RedisProcess, startRedisProcess } from './redis-process.ts'
import { usualLines } from './start-redis.ts'

const execute = promisify(execFile)

/** Three primaries that share the slots; no replica. */
export type StartedCluster = {
  /** `redis+cluster://…`, for `REDIS_URL`. */
  readonly url: string
  readonly servers: readonly RedisProcess[]
  /** Runs a command on every server, as an operator does by hand. */
  onEach(...command: readonly string[]): Promise<void>
  stop(): Promise<void>
}

const size = 3
const joinLimitMs = 30_000

/** Starts a small Redis Cluster on free ports of 127.0.0.1; resolves when all slots are served. */
export async function startRedisCluster(options: {
  readonly folder: string
  readonly signal?: AbortSignal
}): Promise<StartedCluster> {
  const { folder, signal } = options
  const ports = await freePorts(size * 2)
  const password = randomBytes(18).toString('base64url')
  const servers: RedisProcess[] = []
  const stop = async () => void (await Promise.all(servers.map((server) => server.stop())))
  const cli = (...words: readonly string[]) =>
    execute('redis-cli', ['--no-auth-warning', ...words], {
      env: { ...process.env, REDISCLI_AUTH: password },
      timeout: joinLimitMs,
      ...(signal === undefined ? {} : { signal }),
    })
  try {
    for (const [index, port] of ports.slice(0, size).entries()) {
      const cluster = ['cluster-enabled yes', `cluster-port ${ports[size + index]}`]
      const secured = [`requirepass ${password}`, `masterauth ${password}`]
      const lines = [`port ${port}`, ...usualLines, ...cluster, ...secured]
      const place = { folder: join(folder, `server-${index}`), port, signal }
      servers.push(await startRedisProcess({ ...place, lines }))
    }
    const places = servers.map(({ port }) => `127.0.0.1:${port}`)
    await cli('--cluster', 'create', ...places, '--cluster-yes')
    const onEach = async (...command: readonly string[]) => {
      for (const { port } of servers) await cli('-h', '127.0.0.1', '-p', String(port), ...command)
    }
    return { url: `redis+cluster://:${password}@${places.join(',')}`, servers, onEach, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
