import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { startTicksFrom } from '../qemu/qemu-process.ts'
import { runProgram } from './run-program.ts'

const timeoutMs = 20_000
const shell = (script: string, facts = {}) =>
  runProgram('/bin/sh', ['-c', script], { timeoutMs, ...facts })

describe('a program', () => {
  it('gives what it printed', async () => {
    expect(await shell('echo out; echo err >&2')).toMatch(/out\n/)
  })

  it('is given its arguments as they are, without a shell', async () => {
    const argument = '$(echo no); a  b'

    expect(await runProgram('printf', ['%s', argument], { timeoutMs })).toBe(argument)
  })

  it('that fails says how, with the end of what it printed and no more', async () => {
    const script = 'i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done; exit 3'
    const failure = await shell(script).catch((error) => error)

    expect(failure).toMatchObject({ why: 'failed', exitCode: 3 })
    expect(failure.output).toContain('line 1999')
    expect(failure.output.length).toBeLessThanOrEqual(8_192)
  })

  it('that is not installed is told apart', async () => {
    await expect(runProgram('no-such-program-here', [], { timeoutMs })).rejects.toMatchObject({
      why: 'missing',
    })
  })

  it('that takes too long is ended with all that it started', async () => {
    const failure = await shell('sleep 600 & echo $!; wait', { timeoutMs: 300 }).catch((e) => e)

    expect(failure).toMatchObject({ why: 'timed-out' })
    const child = Number.parseInt(failure.output, 10)
    await expect.poll(() => isAlive(child)).toBe(false)
  })

  it('is ended when the call is aborted', async () => {
    const abort = new AbortController()
    const running = shell('echo up; exec sleep 600', {
      signal: abort.signal,
      onOutput: () => abort.abort(),
    })

    await expect(running).rejects.toMatchObject({ why: 'aborted' })
  })
})

/** A process that nobody has collected yet has ended all the same. */
async function isAlive(pid: number): Promise<boolean> {
  return startTicksFrom(await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)) !== null
}
