import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, readdir, readFile, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { waitUntil } from '../api-server/wait-until.ts'
import type { ProcessSpec, SupervisedProcess } from '../cluster-context.ts'
import { sendSignal } from './end-processes.ts'
import { findGroup, ownerVariable } from './find-processes.ts'

const defaultReadyWithinMs = 60_000
const stoppedWithinMs = 30_000
const lastLines = 15

/** Starts it again whenever it ends, not faster than once a second; a signal to the group ends both. */
const forever =
  'while :; do "$@"; echo "ended with $?, starts again in a second" >&2; sleep 1; done'

/** What is kept of a process in `<folder>/processes/<name>.json`, so that another process can stop and start it. */
type Recorded = {
  readonly words: readonly string[]
  readonly pid: number
}

/**
 * Starts a process that outlives ours, its output going to `<folder>/logs/<name>.log`, and returns
 * when it is ready. An early end or a missed deadline is an error with the last lines of the log.
 *
 * @param prefix words that enter the place where it runs, such as a node's namespaces
 */
export async function supervise(
  folder: string,
  spec: ProcessSpec,
  prefix: readonly string[],
  signal: AbortSignal,
): Promise<SupervisedProcess> {
  const words = [
    'env',
    ...Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
    ...prefix,
    ...(spec.restarts === true ? ['sh', '-c', forever, spec.name] : []),
    spec.program,
    ...spec.args,
  ]
  const { ended } = await launch(folder, spec.name, words)
  try {
    await awaitReady(spec, ended, signal)
  } catch (error) {
    signal.throwIfAborted()
    throw new Error(await describeFailure(folder, spec.name, error as Error))
  }
  return supervised(folder, spec.name, signal)
}

/** A process of a cluster that runs already, by its name. */
export function supervised(folder: string, name: string, signal: AbortSignal): SupervisedProcess {
  return {
    name,
    logFile: logFile(folder, name),
    stop: async () => {
      const { pid } = await readRecord(folder, name)
      if (await isGone(folder, pid)) return
      sendSignal(-pid, 'SIGTERM')
      await waitUntil(`the end of ${name}`, () => isGone(folder, pid), {
        withinMs: stoppedWithinMs,
        everyMs: 50,
        signal,
      }).catch((error: Error) => {
        sendSignal(-pid, 'SIGKILL')
        throw error
      })
    },
    start: async () => {
      const { words, pid } = await readRecord(folder, name)
      if (await isGone(folder, pid)) await launch(folder, name, words)
    },
  }
}

async function isGone(folder: string, group: number): Promise<boolean> {
  return (await findGroup(folder, group)).length === 0
}

function logFile(folder: string, name: string): string {
  return path.join(folder, 'logs', `${name}.log`)
}

/** What is kept of a process; its number changes whenever it is started. */
export function recordFile(folder: string, name: string): string {
  return path.join(folder, 'processes', `${name}.json`)
}

/** Names of the processes that are started with this word among theirs, such as those of one node. */
export async function processesWith(folder: string, word: string): Promise<readonly string[]> {
  const files = await readdir(path.join(folder, 'processes'))
  const names = files.map((file) => path.basename(file, '.json'))
  const records = await Promise.all(names.map((name) => readRecord(folder, name)))
  return names.filter((_, index) => records[index]?.words.includes(word))
}

/** The number that the process had when it was started. */
export async function recordedPid(folder: string, name: string): Promise<number> {
  return (await readRecord(folder, name)).pid
}

async function readRecord(folder: string, name: string): Promise<Recorded> {
  const text = await readFile(recordFile(folder, name), 'utf8').catch(() => null)
  if (text === null) throw new Error(`The cluster in ${folder} has no process ${name}`)
  return JSON.parse(text) as Recorded
}

/** Returns how the process ends, if it does. Our own end leaves it running. */
async function launch(
  folder: string,
  name: string,
  words: readonly string[],
): Promise<{ readonly ended: Promise<string> }> {
  await mkdir(path.join(folder, 'logs'), { recursive: true })
  await mkdir(path.join(folder, 'processes'), { recursive: true })
  const log = await open(logFile(folder, name), 'a')
  const [program = '', ...args] = words
  const child = spawn(program, args, {
    cwd: folder,
    // From its first instant: what is given by the word `env` would be there only when that has made way.
    // biome-ignore lint/style/noProcessEnv: it is handed on, not read
    env: { ...process.env, [ownerVariable]: folder },
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
  })
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => resolve(`it ended with ${code ?? signal}`))
  })
  try {
    await once(child, 'spawn')
  } finally {
    await log.close()
  }
  child.unref()
  const record: Recorded = { words, pid: child.pid ?? 0 }
  await writeFile(recordFile(folder, name), JSON.stringify(record), { mode: 0o600 })
  return { ended }
}

async function awaitReady(
  { name, isReady, readyWithinMs = defaultReadyWithinMs }: ProcessSpec,
  ended: Promise<string>,
  signal: AbortSignal,
): Promise<void> {
  if (isReady === undefined) return
  const over = new AbortController()
  const failed = ended.then((how) => Promise.reject(new Error(how)))
  const ready = waitUntil(`${name} to be ready`, isReady, {
    withinMs: readyWithinMs,
    everyMs: 100,
    signal: AbortSignal.any([signal, over.signal]),
  })
  ready.catch(() => undefined)
  await Promise.race([ready, failed]).finally(() => over.abort())
}

async function describeFailure(folder: string, name: string, error: Error): Promise<string> {
  const file = logFile(folder, name)
  const text = await readFile(file, 'utf8').catch(() => '')
  const tail = text.trimEnd().split('\n').slice(-lastLines)
  return [
    `${name} did not start: ${error.message}. Its log is ${file}; the end of it:`,
    ...tail,
  ].join('\n  ')
}
