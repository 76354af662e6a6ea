import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open, readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { endProcess, hasEnded } from './end-process.ts'

export type ProgramToRun = {
  /** For messages. */
  readonly name: string
  readonly words: readonly [string, ...string[]]
  readonly env?: Readonly<Record<string, string>>
  /** Takes its output; appended to. */
  readonly logFile: string
  /** Asked until it says true; errors count as not yet. */
  readonly isReady: () => Promise<boolean>
  readonly readyWithinMs: number
  /** Asks it to end. */
  readonly stopSignal: NodeJS.Signals
  readonly signal: AbortSignal
}

export type RunningProgram = {
  readonly pid: number
  /** Asks it to end, and kills it when it has not within half a minute. */
  stop(): Promise<void>
  /** As a power cut would. */
  kill(): Promise<void>
}

const lookEveryMs = 100

/**
 * Starts a program and returns when it is ready. It ends with us, however we end: the kernel tells it.
 * An early end or a missed deadline is an error with the end of its log.
 */
export async function runProgram(program: ProgramToRun): Promise<RunningProgram> {
  const { name, words, logFile, signal } = program
  signal.throwIfAborted()
  const log = await open(logFile, 'a')
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...words], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, ...program.env },
  })
  const running: RunningProgram = {
    pid: child.pid ?? 0,
    stop: () => endProcess(child, program.stopSignal),
    kill: () => endProcess(child, 'SIGKILL'),
  }
  try {
    await once(child, 'spawn')
    await untilReady(program, child)
    return running
  } catch (error) {
    await running.kill()
    signal.throwIfAborted()
    const tail = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-15)
    const why = error instanceof Error ? error.message : String(error)
    throw new Error([`${name} did not start: ${why}. The end of ${logFile}:`, ...tail].join('\n  '))
  } finally {
    await log.close()
  }
}

async function untilReady(program: ProgramToRun, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + program.readyWithinMs
  while (!(await program.isReady().catch(() => false))) {
    if (hasEnded(child)) throw new Error(`it ended with ${child.exitCode ?? child.signalCode}`)
    if (performance.now() > deadline)
      throw new Error(`it was not ready within ${program.readyWithinMs / 1_000} s`)
    await wait(lookEveryMs, undefined, { signal: program.signal })
  }
}
