import { spawn } from 'node:child_process'
import { open, readFile, readlink, realpath, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { kill } from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { type Installation, writePrivately } from './installation.ts'
import { storeArguments, storeEnvironment } from './store-settings.ts'

/** A process, told from a later one with the same number by when it started. */
export type StoreProcess = { readonly pid: number; readonly startedAt: string }

const askMs = 1_500
const killMs = 5_000

/** Starts `weed` detached: it outlives us, and the next start finds it by its file. */
export async function spawnStore(
  program: string,
  folder: string,
  installation: Installation,
): Promise<StoreProcess> {
  const words = await open(join(folder, 'crash.log'), 'w', 0o600)
  try {
    const child = spawn(program, storeArguments(folder, installation), {
      cwd: folder,
      detached: true,
      stdio: ['ignore', words.fd, words.fd],
      env: storeEnvironment(folder),
    })
    // Without a listener a failed spawn would end our process; it shows by the missing number.
    child.on('error', () => {})
    child.unref()
    const { pid } = child
    const startedAt = pid === undefined ? null : await startTimeOf(pid)
    if (pid === undefined || startedAt === null)
      throw new Error(`The embedded object store (${program}) could not be started.`)
    await writePrivately(processFile(folder), JSON.stringify({ pid, startedAt }))
    return { pid, startedAt }
  } finally {
    await words.close()
  }
}

/** The store that runs on this folder, left by an earlier process of ours, or null. */
export async function findStore(folder: string, program: string): Promise<StoreProcess | null> {
  const text = await readFile(processFile(folder), 'utf8').catch(() => '')
  try {
    const { pid, startedAt } = JSON.parse(text) as StoreProcess
    const isOurs = await runs(program, pid)
    return isOurs && (await startTimeOf(pid)) === startedAt ? { pid, startedAt } : null
  } catch {
    return null
  }
}

/** Cheap enough to be asked every second. A killed process that nobody has collected yet is not alive. */
export async function isAlive({ pid, startedAt }: StoreProcess): Promise<boolean> {
  return (await startTimeOf(pid)) === startedAt
}

/** Asks, then kills: SeaweedFS flushes at once when asked, but then waits for its own parts for ever. */
export async function endStore(store: StoreProcess, folder: string): Promise<void> {
  for (const [signal, patienceMs] of [
    ['SIGTERM', askMs],
    ['SIGKILL', killMs],
  ] as const) {
    if (!(await isAlive(store))) break
    signalQuietly(store.pid, signal)
    const deadline = performance.now() + patienceMs
    while (performance.now() < deadline && (await isAlive(store))) await delay(20)
  }
  if (await isAlive(store))
    throw new Error(`The embedded object store (process ${store.pid}) could not be ended.`)
  await rm(processFile(folder), { force: true })
}

/** The end of what it said before it died. */
export async function lastWords(folder: string): Promise<string> {
  const texts = [join(folder, 'crash.log'), join(folder, 'logs/weed.ERROR')].map((file) =>
    readTail(file),
  )
  return (await Promise.all(texts)).join('\n').trim().slice(-2_000)
}

async function readTail(file: string): Promise<string> {
  const found = await stat(file).catch(() => null)
  return found === null || found.size > 16_777_216 ? '' : readFile(file, 'utf8').catch(() => '')
}

function processFile(folder: string): string {
  return join(folder, 'process.json')
}

async function runs(program: string, pid: number): Promise<boolean> {
  const running = await readlink(`/proc/${pid}/exe`).catch(() => null)
  return running !== null && running === (await realpath(program))
}

/**
 * Field 22 of `/proc/<pid>/stat` (proc_pid_stat(5)); null when there is no such process, or only its
 * remains. One whose first thread is a zombie (`Z`) while others still end holds its ports: it is there.
 */
async function startTimeOf(pid: number): Promise<string | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  // The second field is a name in parentheses that may itself hold any of these characters.
  const [state, ...fields] = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const threads = Number(fields[16])
  return state === 'Z' && threads <= 1 ? null : (fields[18] ?? null)
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    kill(pid, signal)
  } catch {
    // It ended by itself.
  }
}
