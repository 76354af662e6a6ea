import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { certificatesRefused } from '@leasehold/testing/certificates'
import { endProcess } from '../end-process.ts'

/** One `redis-server` (or sentinel) on loopback that can be ended and started again on the same port and folder. */
export type RedisProcess = {
  readonly port: number
  readonly pid: () => number
  start(): Promise<void>
  /** As a power cut would. */
  stop(): Promise<void>
}

export type RedisProcessOptions = {
  readonly folder: string
  readonly port: number
  /** Lines of its configuration file, which holds the secrets and is its owner's only. */
  readonly lines: readonly string[]
  readonly role?: 'server' | 'sentinel'
  readonly signal?: AbortSignal | undefined
}

const binary = 'redis-server'
const startLimitMs = 15_000
const readyTexts = { server: 'Ready to accept connections', sentinel: 'Sentinel ID is' } as const

/** Null when Redis can be started here, else why not. */
export function findRedisPrerequisites(): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter)
  for (const name of [binary, 'redis-cli'])
    if (!folders.some((folder) => isExecutable(join(folder, name))))
      return `${name} is not installed (apt-get install redis-server)`
  return certificatesRefused()
}

/** Writes the configuration and starts the server; resolves when it answers. */
export async function startRedisProcess(options: RedisProcessOptions): Promise<RedisProcess> {
  const { folder, port, role = 'server' } = options
  await mkdir(folder, { recursive: true })
  const file = join(folder, `${role}.conf`)
  const lines = ['bind 127.0.0.1', `dir ${folder}`, 'daemonize no', ...options.lines]
  await writeFile(file, `${lines.join('\n')}\n`, { mode: 0o600 })
  let running: ChildProcess | null = null
  const stop = async (): Promise<void> => {
    const child = running
    running = null
    if (child !== null) await endProcess(child, 'SIGKILL')
  }
  const start = async (): Promise<void> => {
    const flags = role === 'sentinel' ? [file, '--sentinel'] : [file]
    const child = spawn(binary, flags, { stdio: ['ignore', 'pipe', 'inherit'] })
    running = child
    try {
      await untilItSays(child, readyTexts[role], options.signal)
    } catch (error) {
      await stop()
      throw error
    }
  }
  await start()
  return { port, pid: () => running?.pid ?? 0, start, stop }
}

async function untilItSays(
  child: ChildProcess,
  text: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const limit = AbortSignal.timeout(startLimitMs)
  const over = signal === undefined ? limit : AbortSignal.any([limit, signal])
  let said = ''
  await new Promise<void>((resolve, reject) => {
    over.addEventListener('abort', () => reject(over.reason), { once: true })
    child.once('error', reject)
    child.once('exit', () => reject(new Error(`redis-server did not start:\n${said}`)))
    child.stdout?.on('data', (chunk: Buffer) => {
      said = (said + chunk).slice(-4_000)
      if (said.includes(text)) resolve()
    })
  })
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}
