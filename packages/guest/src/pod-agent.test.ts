import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  type RunApiPlan,
  type RunApiRecorder,
  startRunApi,
} from '../../testing/src/fakes/run-api-recorder.ts'

// Real processes on a host that may be busy.
vi.setConfig({ testTimeout: 40_000 })

const agentRoot = path.resolve(import.meta.dirname, '../agent')
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

/** One module of the agent as a process here, as a container of a pod would start it. */
function start(module: string, options: readonly string[], environment = {}) {
  const child = spawn('python3', ['-B', '-m', `leasehold_run_agent.${module}`, ...options], {
    cwd: agentRoot,
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', ...environment },
  })
  let errors = ''
  child.stderr?.on('data', (piece: Buffer) => {
    errors += piece.toString()
  })
  const ended = once(child, 'exit').then(([code]) => code as number | null)
  closers.push(async () => {
    child.kill('SIGKILL')
    await ended
  })
  return { child, ended, errors: () => errors }
}

/** The agent's container alone. */
async function anAgent(plan: RunApiPlan, options: readonly string[] = []) {
  const server = await startRunApi()
  closers.push(() => server.close())
  const folder = await mkdtemp(path.join(tmpdir(), 'leasehold-pod-'))
  closers.push(() => rm(folder, { recursive: true, force: true }))
  const api = server.expectRun(plan)
  const credentialFile = path.join(folder, 'credential')
  await writeFile(credentialFile, api.credential)
  const socket = path.join(folder, 'socket')
  const work = path.join(folder, 'home', 'work')
  const agent = start('pod', [
    ...['--url', server.url, '--credential-file', credentialFile, '--socket', socket],
    ...['--work', work, '--spool', folder, '--disk', path.join(folder, 'home')],
    ...['--disk-bytes', String(2 ** 30), '--ring-bytes', '1048576', ...options],
  ])
  return { api, agent, socket }
}

type Options = {
  readonly agent?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
}

/** Both containers of a pod, sharing a folder for work and one for their socket. */
async function aPod(plan: RunApiPlan, { agent = [], environment = {} }: Options = {}) {
  const parts = await anAgent(plan, agent)
  return { ...parts, runner: start('runner', ['--socket', parts.socket], environment) }
}

const kill = ({ child }: { child: ChildProcess }, signal: NodeJS.Signals) => child.kill(signal)
const up = (api: RunApiRecorder) => api.until(() => api.log().includes('up\n'), 'the script runs')
/** A container takes its script with it; here nobody does, when the runner is killed. */
const waiting = 'echo up; while kill -0 $PPID; do sleep 0.05; done'

describe('the two containers of a pod', () => {
  it('run the script beside the agent and tell its output, its results and its end', async () => {
    const { api, agent, runner } = await aPod({
      interpreter: 'python3',
      script: 'import sys; print("hello", sys.argv[1:]); open("outputs/a.txt", "w").write("42")',
      arguments: ['one', 'two words'],
      inputs: [{ path: 'in/x', content: Buffer.from('x') }],
    })

    expect([await agent.ended, await runner.ended], agent.errors()).toEqual([0, 0])

    expect(api.log().toString()).toBe("hello ['one', 'two words']\n")
    expect(api.outputs.get('a.txt')?.content.toString()).toBe('42')
    expect(api.finish).toEqual({ exit: { code: 0, signal: null }, failure: null, detail: null })
  })

  it.each([
    {
      what: 'its code',
      script: 'echo part > outputs/part; exit 3',
      exit: { code: 3, signal: null },
    },
    {
      what: 'its signal',
      script: 'echo part > outputs/part; kill -SEGV $$',
      exit: { code: null, signal: 'SIGSEGV' },
    },
  ])('report $what when the script fails, and upload what it left', async ({ script, exit }) => {
    const { api, agent } = await aPod({ script })

    expect(await agent.ended).toBe(0)

    expect(api.finish).toEqual({ exit, failure: null, detail: null })
    expect(api.outputs.has('part')).toBe(true)
  })

  it('say in the log that there is no such interpreter', async () => {
    const { api, agent } = await aPod({ interpreter: 'python9', script: '' })

    await agent.ended

    expect(api.log().toString()).toContain('python9')
    expect(api.finish?.exit.code).toBe(126)
  })

  it('give the script what the image sets, and nothing of the cluster', async () => {
    const { api, agent } = await aPod(
      { script: 'echo $LIBRARIES $EPOCHS; env', environment: { EPOCHS: '3' } },
      { environment: { LIBRARIES: '/opt/cuda', KUBERNETES_SERVICE_HOST: '10.0.0.1' } },
    )

    await agent.ended

    expect(api.log().toString()).toMatch(/^\/opt\/cuda 3\n/)
    expect(api.log().toString()).not.toContain('KUBERNETES')
    expect(api.log().toString()).not.toContain(api.credential)
  })

  it('stop the script when the platform asks, and save what it left', async () => {
    const { api, agent } = await aPod({
      script: `trap 'echo saved > outputs/checkpoint; exit 7' TERM; ${waiting}`,
      heartbeatSeconds: 0.1,
    })
    await up(api)
    api.askToStop()

    expect(await agent.ended).toBe(0)

    expect(api.finish).toEqual({ exit: { code: 7, signal: null }, failure: null, detail: null })
    expect(api.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
  })

  it('save what is there and say why when the pod has to go', async () => {
    const { api, agent, runner } = await aPod({
      script: `trap 'echo saved > outputs/checkpoint; exit 0' TERM; ${waiting}`,
    })
    await up(api)
    // As a node that is drained: both containers hear it at once.
    kill(runner, 'SIGTERM')
    kill(agent, 'SIGTERM')

    expect([await agent.ended, await runner.ended]).toEqual([0, 0])

    expect(api.finish).toMatchObject({ exit: { code: 0 }, failure: 'interrupted' })
    expect(api.outputs.get('checkpoint')?.content.toString()).toBe('saved\n')
  })

  it('kill a script that does not listen after the grace', async () => {
    const { api, agent } = await aPod(
      { script: `trap '' TERM; ${waiting}` },
      { agent: ['--grace-seconds', '0.2'] },
    )
    await up(api)
    kill(agent, 'SIGTERM')

    expect(await agent.ended).toBe(0)

    expect(api.finish).toMatchObject({ exit: { signal: 'SIGKILL' }, failure: 'interrupted' })
  })

  it('upload what is there when the script’s container is killed for memory', async () => {
    const { api, agent, runner } = await aPod({
      script: `echo part > outputs/part; ${waiting}`,
    })
    await up(api)
    kill(runner, 'SIGKILL')

    expect(await agent.ended).toBe(0)

    expect(api.finish).toMatchObject({ exit: { signal: 'SIGKILL' }, failure: 'out-of-memory' })
    expect(api.outputs.get('part')?.content.toString()).toBe('part\n')
    expect(api.log().toString()).toContain('leasehold: The script was killed')
  })

  it('end a script whose files take more than the disk, and upload what is there', async () => {
    const { api, agent } = await aPod(
      { script: `head -c 3000000 /dev/zero > outputs/big; ${waiting}` },
      { agent: ['--disk-bytes', '2000000'] },
    )

    expect(await agent.ended).toBe(0)

    expect(api.finish).toMatchObject({ exit: { signal: 'SIGKILL' }, failure: 'out-of-disk' })
    expect(api.outputs.get('big')?.content.length).toBe(3_000_000)
  })

  it('end the script when the agent is gone, for nobody could save its results', async () => {
    const { api, agent, runner } = await aPod({ script: waiting })
    await up(api)
    kill(agent, 'SIGKILL')

    expect(await runner.ended).toBe(0)
  })

  it('run nothing when the platform turns the agent away', async () => {
    const { api, agent, runner } = await aPod({
      script: 'echo ran > /dev/stderr',
      fault: (request) => (request.url === '/run/v1/begin' ? 409 : null),
    })

    expect([await agent.ended, await runner.ended]).toEqual([1, 0])

    expect(agent.errors()).toContain('status 409')
    expect(api.requests).toEqual(['POST /run/v1/begin'])
  })

  it('leave the run to another pod when they have to go before they began it', async () => {
    const { api, agent, socket } = await anAgent({ script: '' })
    await expect.poll(() => existsSync(socket), { timeout: 20_000 }).toBe(true)
    kill(agent, 'SIGTERM')

    expect(await agent.ended).toBe(75)
    expect(api.requests).toEqual([])
  })

  it('give up when the container of the script does not come up', async () => {
    const { api, agent } = await anAgent({ script: '' }, ['--runner-patience-seconds', '0'])

    expect(await agent.ended).toBe(1)

    expect(agent.errors()).toContain('did not come up')
    expect(api.requests).toEqual([])
  })
})
