import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

export type CommandOptions = {
  readonly signal: AbortSignal
  /** The program and its children are killed after this time. */
  readonly timeoutMs: number
  readonly cwd?: string
  /** Set beside what this process was started with. */
  readonly env?: Readonly<Record<string, string>>
  /** Given to the program, which then sees the end of its input. Without it there is no input. */
  readonly stdin?: string | Uint8Array
  /** Each line of output and error output, as it comes. */
  readonly onLine?: (line: string) => void
}

/** A program that failed. `message` has its last lines; `output` is what it printed before that. */
export class CommandFailed extends Error {
  override name = 'CommandFailed'
  readonly code: number | null
  readonly output: string

  constructor(message: string, code: number | null, output: string) {
    super(message)
    this.code = code
    this.output = output
  }
}

const keptLines = 30

/** Runs a program without a shell and returns what it printed. Its whole process group ends with it when it is late or aborted. */
export function runCommand(
  program: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<string> {
  const words = withEnvironment(program, args, options.env)
  return new Promise((resolve, reject) => {
    if (options.signal.aborted) return reject(options.signal.reason)
    const child = spawn(words.program, words.args, { cwd: options.cwd, detached: true })
    const printed = collect(child, options.onLine)
    // A program that ends without reading its input breaks the pipe: its exit code tells what matters.
    child.stdin.on('error', () => undefined).end(options.stdin ?? '')
    const limits = endInTime(child, options)
    child.on('error', (error) => {
      limits.release()
      reject(new CommandFailed(`${program}: ${error.message}`, null, printed.output()))
    })
    child.on('close', (code, signal) => {
      limits.release()
      if (options.signal.aborted) return reject(options.signal.reason)
      if (code === 0 && !limits.isLate()) return resolve(printed.output())
      const how = limits.isLate()
        ? `no end after ${options.timeoutMs / 1_000} s`
        : `ended with ${code ?? signal}`
      const message = [`${program} ${how}`, ...printed.lastLines].join('\n  ')
      reject(new CommandFailed(message, code, printed.output()))
    })
  })
}

/** Output counts among the last lines only when someone follows it: otherwise it is data. */
function collect(child: ChildProcessWithoutNullStreams, onLine?: (line: string) => void) {
  const lastLines: string[] = []
  let output = ''
  const take = (line: string) => {
    lastLines.push(line)
    if (lastLines.length > keptLines) lastLines.shift()
    onLine?.(line)
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  if (onLine !== undefined) createInterface({ input: child.stdout }).on('line', take)
  createInterface({ input: child.stderr }).on('line', take)
  return { lastLines, output: () => output }
}

/** Kills the group when time is up or the signal says so, until released. */
function endInTime(
  { pid }: ChildProcessWithoutNullStreams,
  { signal, timeoutMs }: CommandOptions,
): { readonly isLate: () => boolean; readonly release: () => void } {
  let late = false
  const timer = setTimeout(() => {
    late = true
    killGroup(pid)
  }, timeoutMs)
  const abort = () => killGroup(pid)
  signal.addEventListener('abort', abort, { once: true })
  return {
    isLate: () => late,
    release: () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', abort)
    },
  }
}

/** `env` gives a program more variables without our reading those we have. */
function withEnvironment(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): { readonly program: string; readonly args: readonly string[] } {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  if (variables.length === 0) return { program, args }
  return { program: 'env', args: [...variables, program, ...args] }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
