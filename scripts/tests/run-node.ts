import { spawn } from 'node:child_process'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** `ended`: exit code 0. Everything else says how it went wrong. */
export type Exit = 'ended' | `failed with ${string}` | 'ran past its time limit'

/** Takes what a program prints, line by line. */
export type Print = (line: string) => void

/** Runs a JavaScript program of ours with this Node.js, its output going where ours goes, or to `print`. */
export function runNode(args: readonly string[], limitMs: number, print?: Print): Promise<Exit> {
  const output = print === undefined ? 'inherit' : 'pipe'
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', output, output],
      detached: true,
      env: {
        ...process.env,
        PATH: `${path.dirname(process.execPath)}${path.delimiter}${process.env.PATH ?? ''}`,
        TURBO_TELEMETRY_DISABLED: '1',
        DO_NOT_TRACK: '1',
      },
    })
    for (const stream of [child.stdout, child.stderr])
      if (stream !== null && print !== undefined)
        createInterface({ input: stream }).on('line', print)
    const endGroup = (signal: NodeJS.Signals) => {
      if (child.pid !== undefined) killGroup(child.pid, signal)
    }
    let late = false
    const timer = setTimeout(() => {
      late = true
      endGroup('SIGKILL')
    }, limitMs)
    const interrupt = () => endGroup('SIGTERM')
    process.once('SIGINT', interrupt).once('SIGTERM', interrupt)
    const settle = (exit: Exit) => {
      clearTimeout(timer)
      process.off('SIGINT', interrupt).off('SIGTERM', interrupt)
      resolve(exit)
    }
    child.on('error', (error) => settle(`failed with ${error.message}`))
    child.on('close', (code, signal) => {
      if (late) settle('ran past its time limit')
      else settle(code === 0 ? 'ended' : `failed with ${code ?? signal}`)
    })
  })
}

function killGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
