import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type QemuPlan, qemuArguments } from './qemu-arguments.ts'
import { openQmp, QmpUnavailable } from './qmp.ts'
import { QemuStartFailed, startFailureFrom } from './start-failure.ts'

/** One running QEMU. A recycled process id has another start time. */
export type QemuProcess = {
  readonly pid: number
  /** Field 22 of `/proc/<pid>/stat`: clock ticks since boot. */
  readonly startTicks: string
}

export const qemuProgram = 'qemu-system-x86_64'

/**
 * Caps the console: at most two files of 512 KiB, `<path>` and the older `<path>.1`, whatever the
 * guest prints. The environment is emptied so that nothing of ours can be read from QEMU's.
 */
const consoleScript = `
console=$1; shift
{ env -i PATH="$PATH" LC_ALL=C "$@" 2>&1 </dev/null; } | {
  while stdbuf -o0 head -c 524288 >"$console" && [ -s "$console" ]; do mv -f "$console" "$console.1"; done
}`

/**
 * Starts QEMU in a session of its own, where it survives our exit, and returns once its monitor
 * answers. Throws `QemuStartFailed` (nothing runs then) when it is missing, refuses, or is not up
 * within `timeoutMs` milliseconds.
 */
export async function startQemu(
  plan: QemuPlan,
  consolePath: string,
  { signal, timeoutMs = 20_000 }: { signal?: AbortSignal; timeoutMs?: number } = {},
): Promise<QemuProcess> {
  signal?.throwIfAborted()
  await Promise.all([
    rm(plan.pidFilePath, { force: true }),
    rm(plan.qmpSocketPath, { force: true }),
  ])
  const argv = [qemuProgram, ...qemuArguments(plan)]
  const shell = spawn('/bin/sh', ['-c', consoleScript, 'leasehold-console', consolePath, ...argv], {
    detached: true,
    stdio: 'ignore',
  })
  let ended = false
  const end = () => {
    ended = true
  }
  shell.once('exit', end).once('error', end)
  shell.unref()
  try {
    return await untilUp(plan, () => ended, Date.now() + timeoutMs, signal)
  } catch (error) {
    const left = await findQemu(plan.pidFilePath)
    if (left !== null) await killQemu(left, plan.pidFilePath)
    if (!(error instanceof QmpUnavailable)) throw error
    throw await startFailureFrom(consolePath, error.message)
  }
}

async function untilUp(
  plan: QemuPlan,
  hasEnded: () => boolean,
  deadline: number,
  signal?: AbortSignal,
): Promise<QemuProcess> {
  for (;;) {
    signal?.throwIfAborted()
    if (hasEnded()) throw new QmpUnavailable('the process ended')
    if (Date.now() > deadline)
      throw new QemuStartFailed('qemu-failed', 'QEMU did not come up in time.')
    const found = await findQemu(plan.pidFilePath)
    if (found !== null && (await answers(plan.qmpSocketPath, deadline - Date.now(), signal)))
      return found
    await pause(20)
  }
}

async function answers(socketPath: string, timeoutMs: number, signal?: AbortSignal) {
  try {
    const options = { timeoutMs: Math.max(1, timeoutMs), ...(signal && { signal }) }
    const qmp = await openQmp(socketPath, options)
    qmp.close()
    return true
  } catch (error) {
    if (error instanceof QmpUnavailable) return false
    throw error
  }
}

/**
 * The running QEMU that was started with this pid file, or null. Verified by its command line, so a
 * process that got the same id later is never taken for it. Throws when the files cannot be read.
 */
export async function findQemu(pidFilePath: string): Promise<QemuProcess | null> {
  const text = await readOrNull(pidFilePath)
  const pid = Number.parseInt(text ?? '', 10)
  return Number.isSafeInteger(pid) && pid > 1 ? identify(pid, pidFilePath) : null
}

/** As `findQemu`, by looking at every process: for the moment between the start and the pid file. */
export async function searchQemu(pidFilePath: string): Promise<QemuProcess | null> {
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    const found = await identify(Number(name), pidFilePath)
    if (found !== null) return found
  }
  return null
}

/**
 * Ends a QEMU: SIGTERM first, which lets it write its disk images' tables, SIGKILL after
 * `graceMs` milliseconds. Returns when the process is gone. Throws when it still is there after `deadlineMs`.
 */
export async function killQemu(
  process_: QemuProcess,
  pidFilePath: string,
  { graceMs = 3_000, deadlineMs = 15_000 }: { graceMs?: number; deadlineMs?: number } = {},
): Promise<void> {
  const startedAt = Date.now()
  let sent: NodeJS.Signals | null = null
  for (;;) {
    const now = await identify(process_.pid, pidFilePath)
    if (now === null || now.startTicks !== process_.startTicks) return
    const spentMs = Date.now() - startedAt
    const next = spentMs < graceMs ? 'SIGTERM' : 'SIGKILL'
    if (next !== sent) sendSignal(process_.pid, next)
    sent = next
    if (spentMs > deadlineMs)
      throw new Error(`QEMU process ${process_.pid} does not end; look at it with ps.`)
    await pause(20)
  }
}

async function identify(pid: number, pidFilePath: string): Promise<QemuProcess | null> {
  const commandLine = (await readOrNull(`/proc/${pid}/cmdline`))?.split('\0') ?? []
  const isOurs =
    basename(commandLine[0] ?? '').startsWith('qemu-system') &&
    commandLine[commandLine.indexOf('-pidfile') + 1] === pidFilePath
  if (!isOurs) return null
  const startTicks = startTicksFrom(await readOrNull(`/proc/${pid}/stat`))
  return startTicks === null ? null : { pid, startTicks }
}

/** Field 22, counted after the command in parentheses, which may hold spaces (proc(5)). A zombie has ended. */
export function startTicksFrom(stat: string | null): string | null {
  if (stat === null) return null
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  return state === 'Z' || state === 'X' ? null : (fields[19] ?? null)
}

function sendSignal(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

async function readOrNull(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
