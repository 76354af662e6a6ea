import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
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

const patient = 'while true; do sleep 0.05; done'

describe('an agent whose platform asks for the end', () => {
  it('lets the script shut down by itself and uploads what it left', async () => {
    const { api, agent } = await run({
      script: `trap 'echo saved > outputs/checkpoint; exit 7' TERM; echo up; ${patient}`,
      heartbeatSeconds: 0.1,
    })
    await api.until(() => api.log().includes('up'), 'the script runs')
    api.askToStop()

    expect(await agent.ended()).toBe(0)

    expect(api.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
    expect(api.finish?.exit).toEqual({ code: 7, signal: null })
  })

  it('kills a script that does not listen, with all its children, after the grace', async () => {
    const { api, agent } = await run(
      {
        script: `trap '' TERM; (trap '' TERM; ${patient}) & echo child $!; ${patient}`,
        heartbeatSeconds: 0.1,
      },
      ['--grace-seconds', '0.3'],
    )
    await api.until(() => /child \d+\n/.test(api.log().toString()), 'the child runs')
    api.askToStop()

    expect(await agent.ended()).toBe(0)

    expect(api.finish?.exit).toEqual({ code: null, signal: 'SIGKILL' })
    const child = /child (\d+)/.exec(api.log().toString())?.[1]
    expect(existsSync(`/proc/${child}/exe`)).toBe(false)
  })

  it('does not start the script when the end was asked for during the inputs', async () => {
    const { api, agent } = await run({
      script: 'echo ran',
      heartbeatSeconds: 0.05,
      inputs: [{ path: 'x', content: Buffer.from('x') }],
      fault: (request) => (request.url === '/run/v1/inputs/0' && !stopped() ? 503 : null),
    })
    const stopped = () => api.requests.filter((line) => line.endsWith('heartbeat')).length > 3
    api.askToStop()

    expect(await agent.ended()).toBe(0)

    expect(api.log().toString()).toBe('')
    expect(api.finish).toMatchObject({ exit: { code: null, signal: null }, failure: null })
  })
})

describe('an agent whose credential is dead', () => {
  it('gives up before it begins', async () => {
    const { api, agent } = await run({ script: 'echo ran', fault: () => 401 })

    expect(await agent.ended()).toBe(1)

    expect(api.requests).toEqual(['POST /run/v1/begin'])
    expect(agent.errors()).not.toContain(api.credential)
  })

  it('kills the script at once and uploads nothing', async () => {
    const { api, agent } = await run({
      script: `trap '' TERM; echo $$ up; echo x > outputs/x; ${patient}`,
      heartbeatSeconds: 0.1,
    })
    await api.until(() => api.log().includes('up'), 'the script runs')
    const pid = Number.parseInt(api.log().toString(), 10)
    api.killCredential()

    expect(await agent.ended()).toBe(1)

    expect(existsSync(`/proc/${pid}/exe`)).toBe(false)
    expect(api.outputs.size).toBe(0)
    expect(api.finish).toBeNull()
  })
})

describe('an agent with a flaky platform', () => {
  it('loses no byte when every other request is dropped or refused for a while', async () => {
    const { api, agent } = await run({
      interpreter: 'python3',
      script: 'for i in range(3000): print("line", i)\nopen("outputs/o", "w").write("o" * 100000)',
      fault: (_request, count) => (count % 3 === 1 ? 'drop' : count % 3 === 2 ? 503 : null),
    })

    expect(await agent.ended()).toBe(0)

    const expected = Array.from({ length: 3000 }, (_, i) => `line ${i}\n`).join('')
    expect(api.log().toString()).toBe(expected)
    expect(api.outputs.get('o')?.content.length).toBe(100_000)
    expect(api.finish?.exit.code).toBe(0)
  })

  it('holds more output than its buffer through an outage of every request, and then sends all of it', async () => {
    let out = true
    const { api, agent } = await run({
      interpreter: 'python3',
      script: 'import sys\nfor i in range(64): sys.stdout.write(chr(65 + i % 26) * 65536)',
      fault: (request) =>
        out && request.url !== '/run/v1/begin' && request.url !== '/run/v1/script' ? 'drop' : null,
    })
    await api.until(
      () => api.requests.filter((line) => line.includes('/log')).length >= 3,
      'log tries',
    )
    out = false

    expect(await agent.ended(30_000)).toBe(0)

    const expected = Array.from({ length: 64 }, (_, i) =>
      String.fromCharCode(65 + (i % 26)).repeat(65_536),
    ).join('')
    expect(api.log().toString() === expected).toBe(true)
  })

  it('sends again what an answer that was lost had already stored', async () => {
    let lost = 0
    const { api, agent } = await run({
      script: 'echo one; while [ ! -e go ]; do sleep 0.02; done; echo two',
      fault: (request) => (request.url === '/run/v1/log?offset=4' && lost++ < 2 ? 500 : null),
    })
    await api.until(() => api.log().includes('one'), 'the first line')
    await writeFile(path.join(agent.work, 'go'), '')

    expect(await agent.ended()).toBe(0)

    expect(api.log().toString()).toBe('one\ntwo\n')
    expect(lost).toBeGreaterThanOrEqual(2)
  })

  it('runs on when the platform takes no more log', async () => {
    const { api, agent } = await run({
      interpreter: 'python3',
      script: 'for i in range(200000): print("0123456789")\nopen("outputs/done", "w")',
      maxLogBytes: 100_000,
    })

    expect(await agent.ended()).toBe(0)

    expect(api.log().length).toBe(100_000)
    expect([...api.outputs.keys()]).toEqual(['done'])
    expect(api.finish?.exit.code).toBe(0)
  })

  it('reports outputs that the platform refuses and uploads the others', async () => {
    const { api, agent } = await run({
      script: 'echo a > outputs/a; echo b > outputs/b',
      fault: (request) => (request.url === '/run/v1/outputs/a' ? 413 : null),
    })

    await agent.ended()

    expect([...api.outputs.keys()]).toEqual(['b'])
    expect(api.finish).toMatchObject({ failure: 'outputs-failed', exit: { code: 0 } })
    expect(api.finish?.detail).toContain('a: ')
  })

  it('uploads a big output whole', async () => {
    const { api, agent } = await run({
      script:
        'dd if=/dev/urandom of=outputs/big bs=1M count=24 2>/dev/null; sha256sum < outputs/big',
    })

    await agent.ended()

    expect(api.log().toString()).toContain(api.outputs.get('big')?.sha256)
    expect(api.outputs.get('big')?.content.length).toBe(24 * 1024 * 1024)
  })

  it('gives up when the platform stays away', async () => {
    const { api, agent } = await run({ script: 'echo ran', fault: () => 'drop' }, [
      '--patience-seconds',
      '0.5',
    ])

    expect(await agent.ended()).toBe(1)

    expect(api.requests.length).toBeGreaterThan(1)
    expect(agent.errors()).toContain('PlatformGone')
  })
})

describe('an agent with a start line that is wrong', () => {
  it.each([
    { name: 'an address that is not http', change: { url: 'file:///etc/passwd' } },
    { name: 'a host name with a line break', change: { hostName: 'a\nb' } },
    { name: 'too little entropy', change: { entropy: 'AAAA' } },
    { name: 'no time', change: { now: null } },
    { name: 'a credential of two words', change: { credential: 'secret-one secret-two' } },
  ])('refuses $name, without quoting the credential', async ({ change }) => {
    const right = { url: 'http://127.0.0.1:9', credential: 'secret-one-secret-two', hostName: 'a' }
    const entropy = Buffer.alloc(64).toString('base64')
    const agent = await startAgent({ ...right, entropy, now: Date.now(), ...change })
    closers.push(() => agent.close())

    expect(await agent.ended()).toBe(1)

    expect(JSON.parse(agent.said.at(-1) ?? '')).toMatchObject({ agent: 'refused' })
    expect(`${agent.said.join('')}${agent.errors()}`).not.toContain('secret-one')
  })
})
