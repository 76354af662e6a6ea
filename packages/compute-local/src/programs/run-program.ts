import { type SpawnOptions, spawn } from 'node:child_process'
import { resolve } from 'node:path'

export type ProgramRun = {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** Called with each piece of output as it comes (both streams). */
  readonly onOutput?: (text: string) => void
}

/** A program that is not installed, failed, or took too long. `output` is the end of what it printed. */
export class ProgramFailed extends Error {
  readonly program: string
  readonly why: 'missing' | 'failed' | 'timed-out' | 'aborted'
  readonly output: string
  /** Null when it did not end by itself. */
  readonly exitCode: number | null
  constructor(
    program: string,
    why: ProgramFailed['why'],
    detail: string,
    output = '',
    exitCode: number | null = null,
  ) {
    super(`${program}: ${detail}`)
    this.name = 'ProgramFailed'
    this.program = program
    this.why = why
    this.output = output
    this.exitCode = exitCode
  }
}

const keptCharacters = 8_192

/**
 * Runs a program to its end and gives the last 8 KiB of what it printed. No shell; its whole process
 * group is killed on abort or after `timeoutMs` milliseconds. Throws `ProgramFailed`.
 */
export function runProgram(
  program: string,
  args: readonly string[],
  { timeoutMs, signal, cwd, env, onOutput }: ProgramRun,
): Promise<string> {
  signal?.throwIfAborted()
  const options: SpawnOptions = { stdio: ['ignore', 'pipe', 'pipe'], detached: true }
  if (cwd !== undefined) options.cwd = resolve(cwd)
  if (env !== undefined) options.env = { ...env }
  const child = spawn(program, args, options)
  return new Promise((done, fail) => {
    let output = ''
    let ending: 'timed-out' | 'aborted' | null = null
    const end = (why: 'timed-out' | 'aborted') => {
      ending ??= why
      killGroup(child.pid)
    }
    const timer = setTimeout(() => end('timed-out'), timeoutMs)
    const onAbort = () => end('aborted')
    signal?.addEventListener('abort', onAbort, { once: true })
    const hear = (chunk: Buffer) => {
      const text = chunk.toString('utf8')
      output = (output + text).slice(-keptCharacters)
      onOutput?.(text)
    }
    child.stdout?.on('data', hear)
    child.stderr?.on('data', hear)
    const settle = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
    }
    child.once('error', (error: NodeJS.ErrnoException) => {
      settle()
      const missing = error.code === 'ENOENT'
      const detail = missing ? 'is not installed (not found on PATH)' : error.message
      fail(new ProgramFailed(program, missing ? 'missing' : 'failed', detail, output))
    })
    child.once('close', (code, killedBy) => {
      settle()
      if (code === 0 && ending === null) return done(output)
      const detail = detailOf(code, killedBy, ending)
      fail(new ProgramFailed(program, ending ?? 'failed', detail, output, code))
    })
  })
}

function detailOf(code: number | null, killedBy: string | null, ending: string | null): string {
  if (ending === 'timed-out') return 'took too long and was ended'
  if (ending === 'aborted') return 'was ended because the call was aborted'
  return code === null ? `was killed by ${killedBy}` : `failed with exit code ${code}`
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It ended by itself in the meantime.
  }
}
