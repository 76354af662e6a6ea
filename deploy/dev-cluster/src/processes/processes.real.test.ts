import { access, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { endProcesses } from './end-processes.ts'
import { withFileLock } from './file-lock.ts'
import { findProcesses } from './find-processes.ts'
import { CommandFailed, runCommand } from './run-command.ts'
import { recordedPid, supervise } from './supervise.ts'

const { signal } = new AbortController()
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'leasehold processes '))
})
afterEach(async () => {
  await endProcesses(folder, signal)
  await rm(folder, { recursive: true, force: true })
})

describe('a command', () => {
  const options = { signal, timeoutMs: 20_000 }

  it('gets its input and variables, and gives its output', async () => {
    const script = 'read line; echo "$line $EXTRA"'
    const env = { EXTRA: 'two words' }

    expect(await runCommand('sh', ['-c', script], { ...options, env, stdin: 'one\n' })).toBe(
      'one two words\n',
    )
  })

  it('that fails is an error with its last words and its code', async () => {
    const failure = runCommand('sh', ['-c', 'echo out; echo why >&2; exit 3'], options)

    await expect(failure).rejects.toThrow('sh ended with 3\n  why')
    await expect(failure).rejects.toMatchObject({ code: 3, output: 'out\n' })
    await expect(failure).rejects.toBeInstanceOf(CommandFailed)
  })

  it('that is missing is an error that names it', async () => {
    await expect(runCommand('no-such-program', [], options)).rejects.toThrow('no-such-program')
  })

  it('ends with its children when it is late', async () => {
    const marker = path.join(folder, 'late')
    const script = `(sleep 1; touch "${marker}") & wait`

    await expect(runCommand('sh', ['-c', script], { signal, timeoutMs: 100 })).rejects.toThrow(
      'no end after 0.1 s',
    )

    // Longer than the child would have needed.
    await runCommand('sleep', ['1.3'], options)
    await expect(access(marker)).rejects.toThrow('ENOENT')
  })

  it('ends when it is aborted, with the reason', async () => {
    const stop = new AbortController()
    const running = runCommand('sleep', ['20'], { ...options, signal: stop.signal })

    stop.abort(new Error('enough'))

    await expect(running).rejects.toThrow('enough')
  })
})

describe('a lock', () => {
  it('is held by one at a time', async () => {
    const file = path.join(folder, 'lock')
    const order: string[] = []
    const first = Promise.withResolvers<void>()
    const holding = withFileLock(file, signal, vi.fn(), async () => {
      order.push('first')
      await first.promise
      order.push('first ends')
    })
    await vi.waitFor(() => expect(order).toEqual(['first']), 5_000)
    const onWait = vi.fn(() => first.resolve())

    await withFileLock(file, signal, onWait, async () => order.push('second'))

    await holding
    expect(onWait).toHaveBeenCalledOnce()
    expect(order).toEqual(['first', 'first ends', 'second'])
  })

  it('is free again when its holder was killed', async () => {
    const file = path.join(folder, 'lock')
    const module = new URL('./file-lock.ts', import.meta.url).href
    const script = `import(${JSON.stringify(module)}).then((m) => m.withFileLock(${JSON.stringify(file)}, new AbortController().signal, () => {}, async () => { process.kill(process.pid, 'SIGKILL') }))`
    await runCommand(process.execPath, ['-e', script], { signal, timeoutMs: 20_000 }).catch(
      () => undefined,
    )

    expect(await withFileLock(file, AbortSignal.timeout(10_000), vi.fn(), async () => 'mine')).toBe(
      'mine',
    )
  })
})

describe('a supervised process', () => {
  it('is awaited until it is ready, and logs', async () => {
    const file = path.join(folder, 'is-ready')
    const script = `echo hello; sleep 0.2; touch "${file}"; exec sleep 60`

    const started = await supervise(
      folder,
      {
        name: 'some',
        program: 'sh',
        args: ['-c', script],
        isReady: () => access(file).then(() => true),
      },
      [],
      signal,
    )

    expect(await readFile(started.logFile, 'utf8')).toBe('hello\n')
    expect(await findProcesses(folder)).toContain(await recordedPid(folder, 'some'))
  })

  it('that ends before it is ready is an error with the end of its log', async () => {
    const spec = { name: 'some', program: 'sh', args: ['-c', 'echo because >&2; exit 4'] }
    const starting = supervise(folder, { ...spec, isReady: async () => false }, [], signal)

    await expect(starting).rejects.toThrow(/some did not start: it ended with 4.*\n {2}because/)
    await expect(starting).rejects.toThrow(path.join(folder, 'logs', 'some.log'))
  })

  it('can be stopped and started again', async () => {
    const started = await supervise(
      folder,
      { name: 'some', program: 'sleep', args: ['60'] },
      [],
      signal,
    )
    const before = await recordedPid(folder, 'some')

    await started.stop()
    expect(await findProcesses(folder)).toEqual([])
    await started.start()

    await vi.waitFor(async () => expect(await findProcesses(folder)).toHaveLength(1), 5_000)
    expect(await recordedPid(folder, 'some')).not.toBe(before)
  })

  it('is known as ours from its first instant, so that whoever stops it then does stop it', async () => {
    const spec = { program: 'sleep', args: ['60'] }
    for (let round = 0; round < 30; round += 1) {
      const started = await supervise(folder, { name: `round-${round}`, ...spec }, [], signal)
      await started.stop()
    }
    // A process that was missed has made way for its program by then.
    const last = await supervise(folder, { name: 'last', ...spec }, [], signal)

    expect(await findProcesses(folder)).toEqual([await recordedPid(folder, last.name)])
  })

  it('comes back when it ends, if it was asked to', async () => {
    const marks = path.join(folder, 'marks')
    const script = `echo mark >> "${marks}"; exit 1`
    await supervise(
      folder,
      { name: 'some', program: 'sh', args: ['-c', script], restarts: true },
      [],
      signal,
    )

    await vi.waitFor(
      async () => expect(await readFile(marks, 'utf8')).toMatch(/^(mark\n){2,}$/),
      10_000,
    )
  })

  it('ends with everything it started, also what left its session', async () => {
    const program = 'setsid sleep 60 & setsid sh -c "sleep 60 & wait" & exec sleep 60'
    await supervise(folder, { name: 'some', program: 'sh', args: ['-c', program] }, [], signal)
    await vi.waitFor(async () => expect(await findProcesses(folder)).toHaveLength(4), 5_000)

    await endProcesses(folder, signal)

    expect(await findProcesses(folder)).toEqual([])
  })
})
