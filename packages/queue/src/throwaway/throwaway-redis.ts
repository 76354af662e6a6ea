import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

/** A real Redis of a test's own: on loopback, with a password, gone afterwards. */
export type ThrowawayRedis = {
  readonly url: string
  /** Ends the server and keeps its port, to play an outage. */
  stop(): Promise<void>
  start(): Promise<void>
  remove(): Promise<void>
}

/** Where Debian's `redis-server` is, or null when it is not installed. */
export function findRedisServer(path: string): string | null {
  for (const folder of path.split(delimiter)) {
    const file = join(folder, 'redis-server')
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {}
  }
  return null
}

export async function startThrowawayRedis(binary: string): Promise<ThrowawayRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'leasehold-redis-'))
  const port = await freePort()
  let server: ChildProcess | null = null
  const start = async (): Promise<void> => {
    server = spawn(binary, argumentsFor(port, folder), { stdio: ['ignore', 'pipe', 'inherit'] })
    const started = server
    await new Promise<void>((resolve, reject) => {
      started.stdout?.on('data', (text: Buffer) => {
        if (text.includes('Ready to accept connections')) resolve()
      })
      started.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
    })
  }
  const stop = async (): Promise<void> => {
    if (server === null || server.exitCode !== null) return
    const ended = once(server, 'exit')
    server.kill('SIGKILL')
    await ended
    server = null
  }
  await start()
  return {
    url: `redis://:secret@127.0.0.1:${port}/0`,
    start,
    stop,
    async remove() {
      await stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function argumentsFor(port: number, folder: string): string[] {
  const settings = {
    port: String(port),
    bind: '127.0.0.1',
    dir: folder,
    requirepass: 'secret',
    'maxmemory-policy': 'noeviction',
    appendonly: 'yes',
  }
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('No free port.')
  return address.port
}
