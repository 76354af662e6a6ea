import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand } from '../processes/run-command.ts'
import { buildProgram } from './build-program.ts'
import { findGo } from './find-go.ts'

const { signal } = new AbortController()
const missing = await findGo(signal).then(
  () => '',
  (error: Error) => ` (${error.message})`,
)

describe.skipIf(missing !== '')(`a program built from source${missing}`, () => {
  let work: string
  let lines: string[]
  beforeAll(async () => {
    work = await mkdtemp(path.join(tmpdir(), 'leasehold-build-'))
    await mkdir(path.join(work, 'module'))
    await writeFile(path.join(work, 'module/go.mod'), 'module example.test/hello\n\ngo 1.26.0\n')
    await write('one')
  })
  afterAll(() => rm(work, { recursive: true, force: true }))

  it('is built once, and taken from the cache after that', async () => {
    const first = await build()
    expect(lines).toContainEqual(expect.stringMatching(/^✓ build hello/))

    const second = await build()

    expect(second).toBe(first)
    expect(lines).toEqual([])
    expect(await say(second)).toBe('one\n')
  })

  it('is unpacked when only its compressed form was kept', async () => {
    const before = await build()
    await rm(path.join(work, 'cache/unpacked'), { recursive: true })

    expect(await build()).toBe(before)

    expect(lines).toEqual([expect.stringMatching(/^✓ unpack hello/)])
    expect(await say(before)).toBe('one\n')
  })

  it('is built again when its source changes', async () => {
    const before = await build()
    await write('two')

    const after = await build()

    expect(after).not.toBe(before)
    expect(await say(after)).toBe('two\n')
  })

  it('is built once by two who want it at the same time', async () => {
    await write('three')

    await Promise.all([build(), build()])

    expect(lines.filter((line) => line.startsWith('✓ build hello'))).toHaveLength(1)
  })

  it('that does not compile is an error with the compiler’s words', async () => {
    await write('four', '\tnowhere()\n')

    await expect(build()).rejects.toThrow('undefined: nowhere')
  })

  async function build(): Promise<string> {
    lines = []
    const { hello = '' } = await buildProgram({
      name: 'hello',
      folder: path.join(work, 'module'),
      cacheFolder: path.join(work, 'cache'),
      log: (line) => lines.push(line),
      signal,
    })
    return hello
  }

  function write(word: string, statement = ''): Promise<void> {
    const source = `package main\n\nfunc main() {\n\tprintln("${word}")\n${statement}}\n`
    return writeFile(path.join(work, 'module/main.go'), source)
  }

  function say(program: string): Promise<string> {
    return runCommand('sh', ['-c', '"$1" 2>&1', 'say', program], { signal, timeoutMs: 10_000 })
  }
})
