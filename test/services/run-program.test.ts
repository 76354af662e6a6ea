import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { waitFor } from '../../scripts/client/wait-for.ts'
import { type ProgramToRun, runProgram } from './run-program.ts'

describe('a program that a test runs', () => {
  let folder: string
  let common: Omit<ProgramToRun, 'words' | 'isReady'>

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'leasehold-program-'))
    common = {
      name: 'the program',
      logFile: path.join(folder, 'log'),
      readyWithinMs: 10_000,
      stopSignal: 'SIGTERM',
      signal: new AbortController().signal,
    }
  })
  afterAll(() => rm(folder, { recursive: true }))

  const says = (text: string) => async () => (await readFile(common.logFile, 'utf8')).includes(text)

  it('is there when it is ready, and gone when it was stopped', async () => {
    const words = ['sh', '-c', 'echo ready-1; exec sleep 60'] as const
    const { pid, stop } = await runProgram({ ...common, words, isReady: says('ready-1') })

    expect(isAlive(pid)).toBe(true)
    await stop()
    expect(isAlive(pid)).toBe(false)
  })

  it('that ends early is an error with the end of its log', async () => {
    const words = ['sh', '-c', 'echo no room on the disk; exit 3'] as const
    const run = runProgram({ ...common, words, isReady: async () => false })

    await expect(run).rejects.toThrow(/it ended with 3\. .*\n[\s\S]*no room on the disk/)
  })

  it('that is not ready in time is an error, and ended', async () => {
    const words = ['sh', '-c', 'echo "number $$"; exec sleep 60'] as const
    const isReady = async () => false
    const run = runProgram({ ...common, words, isReady, readyWithinMs: 500 })

    await expect(run).rejects.toThrow('it was not ready within 0.5 s')
    const [, pid] = /number (\d+)/.exec(await readFile(common.logFile, 'utf8')) ?? []
    expect(isAlive(Number(pid))).toBe(false)
  })

  it('ends when whoever started it is killed', async () => {
    const module = path.join(import.meta.dirname, 'run-program.ts')
    const options = JSON.stringify({ ...common, words: ['sleep', '60'], signal: undefined })
    const source = `
      import { runProgram } from ${JSON.stringify(module)}
      const signal = new AbortController().signal
      const { pid } = await runProgram({ ...${options}, signal, isReady: async () => true })
      process.stdout.write(String(pid), () => process.kill(process.pid, 'SIGKILL'))`
    const started = promisify(execFile)(process.execPath, ['--input-type=module', '-e', source])
    const pid = await started.then(
      ({ stdout }) => Number(stdout),
      ({ stdout }) => Number(stdout),
    )

    expect(pid).toBeGreaterThan(1)
    await waitFor(
      'its end',
      async () => isAlive(pid),
      (alive) => !alive,
      { withinMs: 5_000 },
    )
  })
})

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
