import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type RunApiPlan,
  type RunApiRecorder,
  startRunApi,
} from '../../../testing/src/fakes/run-api-recorder.ts'
import { type AgentProcess, startAgent } from './testing/agent-process.ts'

// Real processes on a host that may be busy.
vi.setConfig({ testTimeout: 40_000 })

const closers: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function run(
  plan: RunApiPlan,
  options: readonly string[] = [],
): Promise<{ api: RunApiRecorder; agent: AgentProcess }> {
  const server = await startRunApi()
  closers.push(() => server.close())
  const api = server.expectRun(plan)
  const entropy = Buffer.alloc(64, 7).toString('base64')
  const line = { url: server.url, credential: api.credential, hostName: 'task-1', entropy }
  const agent = await startAgent({ ...line, now: Date.now() }, options)
  closers.push(() => agent.close())
  return { api, agent }
}

describe('the agent of a task machine', () => {
  it('answers the call, runs the script and tells its output, its results and its end', async () => {
    const { api, agent } = await run({
      interpreter: 'python3',
      script: 'import sys; print("hello", sys.argv[1:]); open("outputs/a.txt", "w").write("42")',
      arguments: ['one', 'two words'],
    })

    expect(await agent.ended(), agent.errors()).toBe(0)

    expect(agent.said.map((line) => JSON.parse(line).agent)).toEqual(['waiting', 'started'])
    expect(api.log().toString()).toBe("hello ['one', 'two words']\n")
    expect(api.outputs.get('a.txt')?.content.toString()).toBe('42')
    expect(api.finish).toEqual({ exit: { code: 0, signal: null }, failure: null, detail: null })
    expect(api.requests.at(-1)).toBe('POST /run/v1/finish')
  })

  it('uploads outputs and reports the code when the script fails', async () => {
    const { api, agent } = await run({ script: 'echo partial > outputs/part; exit 3' })

    expect(await agent.ended()).toBe(0)

    expect(api.outputs.get('part')?.content.toString()).toBe('partial\n')
    expect(api.finish?.exit).toEqual({ code: 3, signal: null })
  })

  it('reports the signal that ended the script', async () => {
    const { api, agent } = await run({ script: 'kill -SEGV $$' })

    await agent.ended()

    expect(api.finish?.exit).toEqual({ code: null, signal: 'SIGSEGV' })
  })

  it('says in the log and by exit code that there is no such interpreter', async () => {
    const { api, agent } = await run({ interpreter: 'python9', script: '' })

    await agent.ended()

    expect(api.log().toString()).toContain('python9')
    expect(api.finish?.exit.code).toBe(127)
  })

  it('keeps standard output and standard error in the order they were written', async () => {
    const { api, agent } = await run({ script: 'echo 1; echo 2 >&2; echo 3; echo 4 >&2' })

    await agent.ended()

    expect(api.log().toString()).toBe('1\n2\n3\n4\n')
  })

  it('passes NUL bytes and broken UTF-8 through unchanged', async () => {
    const { api, agent } = await run({ script: String.raw`printf 'a\000b\377\376c\n'` })

    await agent.ended()

    expect(api.log().equals(Buffer.from([97, 0, 98, 255, 254, 99, 10]))).toBe(true)
  })

  it('sends progress lines with a heartbeat and keeps them in the log', async () => {
    const { api, agent } = await run({
      script:
        'echo "::progress 0.42 epoch 3"; echo ::progress none; while [ ! -e go ]; do sleep 0.05; done',
    })
    await api.until(() => api.heartbeats.length > 0, 'progress')
    await writeFile(path.join(agent.work, 'go'), '')

    await agent.ended()

    expect(api.heartbeats[0]).toEqual({ fraction: 0.42, text: 'epoch 3' })
    expect(api.log().toString()).toContain('::progress 0.42 epoch 3\n')
  })

  it('tells the last progress of a script that is over before the next heartbeat', async () => {
    const { api, agent } = await run({ script: 'echo "::progress 1 all done"' })

    await agent.ended()

    expect(api.heartbeats.at(-1)).toEqual({ fraction: 1, text: 'all done' })
  })

  it('gives the script only the environment it was given, a home, a path and a language', async () => {
    const { api, agent } = await run({
      script: '/usr/bin/env | /usr/bin/cut -d= -f1 | /usr/bin/sort',
      environment: { EPOCHS: '3' },
    })

    await agent.ended()

    const names = api.log().toString().trim().split('\n')
    expect(names).toEqual(['EPOCHS', 'HOME', 'LANG', 'PATH', 'PWD', 'PYTHONUNBUFFERED'])
  })

  it('places inputs below the working folder before the script starts', async () => {
    const { api, agent } = await run({
      script: 'cat data/deep/x.bin y',
      inputs: [
        { path: 'data/deep/x.bin', content: Buffer.from('deep ') },
        { path: 'y', content: Buffer.from('flat') },
      ],
    })

    await agent.ended()

    expect(api.log().toString()).toBe('deep flat')
  })

  it.each([
    { name: 'is not there', inputs: [{ path: 'x', content: null }] },
    { name: 'leads out of the folder', inputs: [{ path: 'a/../../x', content: Buffer.from('x') }] },
    { name: 'is absolute', inputs: [{ path: '/etc/x', content: Buffer.from('x') }] },
  ])('does not run the script when an input $name', async ({ inputs }) => {
    const { api, agent } = await run({ script: 'echo ran', inputs })

    expect(await agent.ended()).toBe(0)

    expect(api.log().toString()).not.toContain('ran\n')
    expect(api.finish).toMatchObject({ exit: { code: null }, failure: 'input-missing' })
  })

  it('uploads outputs with odd names, one file each, also from nested folders', async () => {
    const { api, agent } = await run({
      interpreter: 'python3',
      script: [
        'import os',
        'names = [b"sp ace", b"per%cent", b"qu?ery#x", b"new\\nline", b"back\\\\slash", b"bad\\xff", "\u00fc".encode()]',
        'os.makedirs("outputs/sub/deep")',
        'for name in names: open(b"outputs/" + name, "wb").write(name)',
        'open("outputs/sub/deep/file", "w").write("d")',
      ].join('\n'),
    })

    await agent.ended()

    expect(api.finish).toMatchObject({ failure: null, exit: { code: 0 } })
    expect([...api.outputs.keys()].sort()).toEqual(
      [
        'back%5Cslash',
        'bad%FF',
        'new%0Aline',
        'per%cent',
        'qu?ery#x',
        'sp ace',
        'sub/deep/file',
        '\u00fc',
      ].sort(),
    )
    expect(api.outputs.get('bad%FF')?.content.equals(Buffer.from([98, 97, 100, 255]))).toBe(true)
  })

  it('never follows a link out of the outputs folder, and uploads only regular files', async () => {
    const outside = await mkdtemp(path.join(tmpdir(), 'leasehold-outside-'))
    closers.push(() => rm(outside, { recursive: true }))
    await writeFile(path.join(outside, 'secret'), 'host secret')
    const { api, agent } = await run({
      script: `ln -s ${outside} outputs/folder; ln -s ${outside}/secret outputs/file; mkfifo outputs/pipe; echo ok > outputs/real`,
    })

    await agent.ended()

    expect([...api.outputs.keys()]).toEqual(['real'])
  })

  it('uploads nothing through an outputs folder that the script replaced by a link', async () => {
    const outside = await mkdtemp(path.join(tmpdir(), 'leasehold-outside-'))
    closers.push(() => rm(outside, { recursive: true }))
    await symlink('/etc/passwd', path.join(outside, 'ignored'))
    await writeFile(path.join(outside, 'secret'), 'host secret')
    const { api, agent } = await run({ script: `rmdir outputs; ln -s ${outside} outputs` })

    await agent.ended()

    expect(api.outputs.size).toBe(0)
    expect(api.finish).toMatchObject({ failure: 'outputs-failed', exit: { code: 0 } })
  })

  it('shows the credential neither to the script, nor in arguments, nor in a file', async () => {
    const { api, agent } = await run({
      script: 'env; cat /proc/$PPID/cmdline | tr "\\0" " "; grep -rl "$NEEDLE" . ; ls -a . ..',
      environment: { NEEDLE: 'run-credential-' },
    })

    await agent.ended()

    expect(api.log().toString()).not.toContain(api.credential)
    expect(await readFile(path.join(agent.work, '.leasehold-script'), 'utf8')).not.toContain(
      api.credential,
    )
  })
})
