import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { keepLog } from './keep-log.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What keeps the process small: Node lets the space for new objects grow to 128 MiB while it loads our
 * modules, and keeps it; the C library gives each thread memory of its own.
 */
const smallHeap = ['--max-semi-space-size=4']
const fewArenas = { MALLOC_ARENA_MAX: '2' }

/** What apps/all-in-one says on standard output once it serves. */
export type ReadyLine = {
  readonly event: 'ready'
  readonly api: string
  readonly operator: string
  readonly gateway: string
  readonly issuer: string
  readonly stateFolder: string
}

export type PlatformProcess = ReadyLine & {
  readonly pid: number
  readonly logFile: string
  readonly tookMs: number
  /** Resolves when the process is gone, with words for how. */
  readonly ended: Promise<string>
  /** Asks it to end, and kills it when it has not within `withinMs`. */
  stop(withinMs?: number): Promise<string>
  /** Kills it without a word, as a power cut would. */
  kill(): Promise<string>
}

/** The platform did not come up; the message ends with the tail of its log. */
export class PlatformFailed extends Error {
  override readonly name = 'PlatformFailed'
}

/**
 * Starts apps/all-in-one as a child in a process group of its own and waits until it serves.
 * `settings` are environment variables as docs/settings.md lists them.
 */
export async function startPlatform(
  settings: Readonly<Record<string, string>>,
  logFile: string,
  withinMs = 180_000,
): Promise<PlatformProcess> {
  const startedAt = performance.now()
  await mkdir(path.dirname(logFile), { recursive: true })
  const main = path.join(root, 'apps/all-in-one/src/main.ts')
  const child = spawn(process.execPath, [...smallHeap, main], {
    cwd: root,
    env: {
      ...fewArenas,
      NODE_COMPILE_CACHE: compileCache(settings),
      ...process.env,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  keepLog(child.stderr, logFile)
  const ended = endOf(child)
  const ready = await Promise.race([
    readyLine(child),
    ended.then((how) => ({ failed: `it ${how}` })),
    after(withinMs).then(() => ({ failed: `it was not ready within ${withinMs / 1_000} s` })),
  ])
  if ('failed' in ready) {
    child.kill('SIGKILL')
    throw new PlatformFailed(
      `The platform did not start: ${ready.failed}. The end of ${logFile}:\n${await tailOf(logFile)}`,
    )
  }
  const endBy = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    return await ended
  }
  return {
    ...ready,
    pid: child.pid ?? 0,
    logFile,
    tookMs: performance.now() - startedAt,
    ended,
    kill: () => endBy('SIGKILL'),
    stop: async (limitMs = 60_000) => {
      const timer = setTimeout(() => child.kill('SIGKILL'), limitMs)
      const how = await endBy('SIGTERM')
      clearTimeout(timer)
      return how
    },
  }
}

/** With types stripped and code compiled once, the second start needs neither time nor memory for it. */
function compileCache(settings: Readonly<Record<string, string>>): string {
  const cache = settings.LEASEHOLD_CACHE ?? process.env.LEASEHOLD_CACHE
  return path.join(cache ?? path.join(root, '.leasehold'), 'compile-cache')
}

/** The last lines of a log that are not about answered requests, for error messages. */
export async function tailOf(logFile: string, lines = 15): Promise<string> {
  const text = await readFile(logFile, 'utf8').catch(() => '(no log)')
  const telling = text
    .trimEnd()
    .split('\n')
    .filter((line) => !line.includes('"outcome":"answered"'))
  return telling.slice(-lines).join('\n')
}

function readyLine(child: ChildProcess): Promise<ReadyLine> {
  return new Promise((resolve) => {
    if (child.stdout === null) return
    createInterface({ input: child.stdout }).on('line', (line) => {
      const said = parse(line)
      if (said?.event === 'ready') resolve(said)
    })
  })
}

function parse(line: string): ReadyLine | null {
  try {
    return JSON.parse(line) as ReadyLine
  } catch {
    return null
  }
}

function endOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.on('error', (error) => resolve(`could not be run: ${error.message}`))
    child.on('exit', (code, signal) => resolve(`ended with ${signal ?? `exit code ${code}`}`))
  })
}

function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref())
}
