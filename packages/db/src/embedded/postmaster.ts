import { type ChildProcess, spawn } from 'node:child_process'
import fs from 'node:fs/promises'
import path from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import type { ServerLayout } from './server-layout.ts'
import { settingArguments } from './server-settings.ts'

/** The process that owns a data folder, by the server's own file `postmaster.pid`. */
export type Postmaster = { readonly pid: number; readonly port: number }

/** The live server of this data folder, or null. A file left by a dead one is removed. */
export async function findPostmaster(dataFolder: string): Promise<Postmaster | null> {
  const file = path.join(dataFolder, 'postmaster.pid')
  const text = await fs.readFile(file, 'utf8').catch(() => null)
  if (text === null) return null
  // Lines: pid, data folder, start time, port, … (PostgreSQL, miscadmin.h, LOCK_FILE_LINE_*).
  const lines = text.split('\n')
  const pid = Number(lines[0])
  if (await isServerOf(pid, dataFolder)) return { pid, port: Number(lines[3]) }
  // The number may belong to somebody else by now, and then the server itself would refuse to start.
  await fs.rm(file, { force: true })
  return null
}

/** A server works in its data folder, so its working folder tells whose it is. */
export async function isServerOf(pid: number, dataFolder: string): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 1 || !isAlive(pid)) return false
  if (process.platform !== 'linux') return true
  const cwd = await fs.readlink(`/proc/${pid}/cwd`).catch(() => null)
  return cwd !== null && cwd === (await fs.realpath(dataFolder))
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * Starts the server detached, so that it outlives us and is found again. Its log goes to a file: a
 * pipe would end with us. The environment is empty but for a path: ours may hold secrets.
 */
export async function spawnPostmaster(
  layout: ServerLayout,
  port: number,
  settings: Readonly<Record<string, string>>,
): Promise<ChildProcess> {
  await rotateLog(layout.logFile)
  const log = await fs.open(layout.logFile, 'a', 0o600)
  try {
    const child = spawn(
      layout.binaries.postgres,
      ['-D', layout.dataFolder, '-p', String(port), ...settingArguments(settings)],
      {
        cwd: '/',
        detached: true,
        stdio: ['ignore', log.fd, log.fd],
        env: { PATH: '/usr/bin:/bin' },
        ...(layout.user === null ? {} : { uid: layout.user.uid, gid: layout.user.gid }),
      },
    )
    // Without a listener a failed spawn would end the process; the early exit is seen by its pid.
    child.on('error', () => {})
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** Asks for a fast shutdown, after `fastMs` for an immediate one, then kills. Returns when the process is gone. */
export async function stopPostmaster(pid: number, fastMs = 15_000): Promise<void> {
  const steps: readonly (readonly [NodeJS.Signals, number])[] = [
    ['SIGINT', fastMs],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ]
  for (const [signal, patienceMs] of steps) {
    try {
      process.kill(pid, signal)
    } catch {
      return
    }
    const deadline = Date.now() + patienceMs
    while (Date.now() < deadline) {
      if (!isAlive(pid)) return
      await delay(20)
    }
  }
  throw new Error(`The database server (process ${pid}) could not be ended.`)
}

/** The end of the server's log, for an error message. */
export async function logTail(file: string): Promise<string> {
  const text = await fs.readFile(file, 'utf8').catch(() => '')
  return text.split('\n').slice(-12).join('\n').trim()
}

async function rotateLog(file: string): Promise<void> {
  const stat = await fs.stat(file).catch(() => null)
  if (stat !== null && stat.size > 4 * 1024 * 1024) await fs.rename(file, `${file}.old`)
}
