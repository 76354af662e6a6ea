import { spawn } from 'node:child_process'
import { root } from './root.mjs'
import { SetUpError } from './set-up-error.mjs'

const keptLines = 30

/**
 * Runs a program without a shell, reporting its last line of output as it goes.
 * A failure or a time-out becomes a SetUpError with the last lines of what it said.
 */
export function runCommand(program, args, { env, report, timeoutMs, whatFails }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
    const lines = []
    const read = (chunk) => {
      for (const line of chunk.split(/[\r\n]+/)) {
        if (line.trim() === '') continue
        lines.push(line)
        if (lines.length > keptLines) lines.shift()
        report(line.trim())
      }
    }
    child.stdout.setEncoding('utf8').on('data', read)
    child.stderr.setEncoding('utf8').on('data', read)
    const fail = (why) => reject(new SetUpError([whatFails, why, ...lines].join('\n  ')))
    let timedOut = false
    const timer = setTimeout(() => {
      timedOut = true
      child.kill('SIGKILL')
    }, timeoutMs)
    child.on('error', (error) => {
      clearTimeout(timer)
      fail(`${program}: ${error.message}`)
    })
    child.on('close', (code, signal) => {
      clearTimeout(timer)
      if (code === 0) return resolve(lines)
      fail(
        timedOut
          ? `no end after ${timeoutMs / 1_000} s`
          : `${program} ended with ${code ?? signal}`,
      )
    })
  })
}
