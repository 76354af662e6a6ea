import type { MemberId, Task, TaskId, TenantId } from '@leasehold/domain'
import { type APlatform, aPlatform, aTaskRequest } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeAppendRunLog } from '../runs/append-run-log.ts'
import { makeBeginRun } from '../runs/begin-run.ts'
import { makeFinishRun } from '../runs/finish-run.ts'
import { makeHeartbeatRun } from '../runs/heartbeat-run.ts'
import { makeOpenRunInput } from '../runs/open-run-input.ts'
import { makeReadRunScript } from '../runs/read-run-script.ts'
import { makeStoreRunOutput } from '../runs/store-run-output.ts'
import { makeCancelTask } from './cancel-task.ts'
import { makeFollowTaskLog } from './follow-task-log.ts'
import { makeGetTask } from './get-task.ts'
import { makeListTaskOutputs } from './list-task-outputs.ts'
import { makeReadTaskLog } from './read-task-log.ts'
import { makeSubmitTask } from './submit-task.ts'

const { signal } = new AbortController()
const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const bucket = 'leasehold-ten-acme'

async function* once(text: string) {
  yield Buffer.from(text)
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  return Buffer.concat(parts).toString()
}

async function upload({ objects }: APlatform, path: string, text: string): Promise<void> {
  const sizeBytes = Buffer.byteLength(text)
  const facts = { sizeBytes, contentType: 'text/plain', sha256: null }
  await objects.put(bucket, path, once(text), facts, signal)
}

/** A platform with one submitted task whose machine is there, and the agent in it. */
async function withTask(facts: Parameters<typeof aTaskRequest>[0] = {}) {
  const platform = await aPlatform()
  await upload(platform, 'data/a.csv', 'aaa')
  await upload(platform, 'data/deep/b.csv', 'bb')
  const { id } = await makeSubmitTask(platform)(aTaskRequest(facts), signal)
  await platform.settle()
  const task = () => platform.memory.tasks.get(id)?.item as Task
  return { platform, id, task, agent: agentOf(platform, id) }
}

function agentOf(platform: APlatform, id: TaskId) {
  const credential = platform.secrets.runCredential(id, 1)
  return {
    credential,
    begin: () => makeBeginRun(platform)(credential, signal),
    script: () => makeReadRunScript(platform)(credential, signal),
    input: (index: number) => makeOpenRunInput(platform)(credential, index, signal),
    log: (offset: number, text: string) =>
      makeAppendRunLog(platform)(credential, offset, Buffer.from(text)),
    heartbeat: (fraction: number | null) =>
      makeHeartbeatRun(platform)(credential, fraction === null ? null : { fraction, text: 'on' }),
    output: (path: string, text: string) =>
      makeStoreRunOutput(platform)(
        credential,
        { path, body: once(text), sizeBytes: Buffer.byteLength(text), sha256: null },
        signal,
      ),
    finish: (code: number | null) =>
      makeFinishRun(platform)(credential, {
        exit: { code, signal: null },
        failure: null,
        detail: null,
      }),
  }
}

describe('the life of a task', () => {
  it('goes from the queue through its script to its results', async () => {
    const { platform, id, task, agent } = await withTask({
      inputs: [{ from: 'data/', path: 'in' }],
      arguments: ['--x'],
    })
    expect(task().state).toBe('starting')

    const briefing = await agent.begin()
    expect(briefing).toMatchObject({ taskId: id, interpreter: 'python3', arguments: ['--x'] })
    expect(briefing.inputs).toEqual([
      { index: 0, path: 'in/a.csv', sizeBytes: 3 },
      { index: 1, path: 'in/deep/b.csv', sizeBytes: 2 },
    ])
    expect(await textOf((await agent.script()).body)).toBe("print('hello')")
    expect(await textOf((await agent.input(1)).body)).toBe('bb')
    await agent.log(0, 'hello\n')
    await agent.output('model.bin', 'weights')
    await agent.finish(0)
    await platform.settle()

    expect(task()).toMatchObject({ state: 'succeeded', reason: 'exited-zero', exit: { code: 0 } })
    expect(platform.objects.text(bucket, `tasks/${id}/log.txt`)).toBe('hello\n')
    expect(platform.objects.text(bucket, `tasks/${id}/outputs/model.bin`)).toBe('weights')
    expect(platform.memory.logs.size).toBe(0)
    expect(platform.runs.holds(id)).toBe(false)
    await expect(agent.heartbeat(1)).rejects.toMatchObject({ code: 'run/credential-invalid' })
  })

  it('tells its agent to stop when it is cancelled, and waits for the outputs', async () => {
    const { platform, id, task, agent } = await withTask()
    await agent.begin()
    await makeCancelTask(platform)({ tenantId, memberId, taskId: id })
    await platform.settle()

    expect(await agent.heartbeat(0.5)).toEqual({ do: 'stop', reason: 'cancelled-by-tenant' })
    expect(task().state).toBe('ending')
    await agent.output('partial.bin', 'half')
    await agent.finish(143)
    await platform.settle()

    expect(task()).toMatchObject({ state: 'cancelled', exit: { code: 143 } })
  })

  it('can be cancelled before it had a machine, and while it gets one', async () => {
    const { platform, id, task } = await withTask()
    await makeCancelTask(platform)({ tenantId, memberId, taskId: id })
    await platform.settle()
    expect(task().state).toBe('cancelled')

    const queued = await makeSubmitTask(platform)(aTaskRequest(), signal)
    const cancelled = await makeCancelTask(platform)({ tenantId, memberId, taskId: queued.id })
    expect(cancelled).toMatchObject({ state: 'cancelled', reason: 'cancelled-by-tenant' })
  })

  it('runs no longer than its limit, whatever its agent says', async () => {
    const { platform, id, task, agent } = await withTask({ timeLimitMs: 10_000 })
    await agent.begin()

    platform.clock.advance(10_000)
    await agent.heartbeat(0.1)
    await platform.hints.lookAtTask(id)
    await platform.settle()
    expect(task()).toMatchObject({ state: 'ending', reason: 'time-limit' })
    platform.clock.advance(platform.rules.task.graceMs)
    await platform.hints.lookAtTask(id)
    await platform.settle()

    expect(task().state).toBe('timed-out')
    expect(platform.runs.holds(id)).toBe(false)
  })

  it('ends at once and says what is missing when an input is not there', async () => {
    const { platform, task, id, agent } = await withTask({
      inputs: [{ from: 'data/none.csv', path: 'in.csv' }],
    })

    await expect(agent.begin()).rejects.toMatchObject({ code: 'run/not-accepting' })
    await platform.settle()

    expect(task()).toMatchObject({ state: 'failed', reason: 'input-missing' })
    const event = platform.memory.tasks.get(id)?.events.find(({ state }) => state === 'ending')
    expect(event?.detail).toBe('There is nothing at data/none.csv in the bucket.')
  })

  it('keeps the numbers of its inputs when the bucket changes meanwhile', async () => {
    const { platform, agent } = await withTask({ inputs: [{ from: 'data/', path: 'in' }] })
    await agent.begin()
    await upload(platform, 'data/0.csv', 'zero')

    expect(await textOf((await agent.input(0)).body)).toBe('aaa')
    expect((await agent.begin()).inputs).toHaveLength(2)
  })

  it('waits in line with its place and its reason', async () => {
    const platform = await aPlatform()
    const submit = makeSubmitTask(platform)
    const wide = { machineType: null, vcpus: 8, memoryMiB: null, diskGiB: null, gpus: [] }
    await submit(aTaskRequest({ resources: wide }), signal)
    const { id } = await submit(aTaskRequest({ resources: wide }), signal)
    await platform.settle()

    expect(await makeGetTask(platform)(tenantId, id)).toMatchObject({
      queuePosition: 1,
      task: { state: 'queued', waitingFor: 'vcpu in the pool: needs 8, free 0' },
    })
  })
})

describe('submitting a task', () => {
  it('stores the script before the row, so that no accepted task is without one', async () => {
    const platform = await aPlatform()
    platform.objects.faults.next('put', { kind: 'fail-before' })

    await expect(makeSubmitTask(platform)(aTaskRequest(), signal)).rejects.toThrow()

    expect(platform.memory.tasks.size).toBe(0)
  })

  it('makes one task of many requests with the same key', async () => {
    const platform = await aPlatform()
    const submit = makeSubmitTask(platform)
    const command = aTaskRequest({ idempotencyKey: 'same' })

    const tasks = await Promise.all(Array.from({ length: 20 }, () => submit(command, signal)))

    expect(new Set(tasks.map(({ id }) => id)).size).toBe(1)
  })

  it.each([
    { what: 'an unknown framework', facts: { framework: 'cobol' }, code: 'request/invalid' },
    {
      what: 'a framework from the prototype',
      facts: { framework: 'constructor' },
      code: 'request/invalid',
    },
    {
      what: 'a script that is not there',
      facts: { script: { kind: 'object', path: 'x.py' } },
      code: 'file/not-found',
    },
    {
      what: 'a script that is too long',
      facts: { script: { kind: 'inline', text: 'x'.repeat(262_145) } },
      code: 'file/too-large',
    },
    {
      what: 'an input path that climbs',
      facts: { inputs: [{ from: 'a', path: '../b' }] },
      code: 'file/path-invalid',
    },
    {
      what: 'an outputs path that climbs',
      facts: { outputsPath: '/etc' },
      code: 'file/path-invalid',
    },
    {
      what: 'an environment with a newline in a name',
      facts: { environment: { 'A\nB': '1' } },
      code: 'request/invalid',
    },
    { what: 'a priority off the scale', facts: { priority: 101 }, code: 'request/invalid' },
    { what: 'too short a time limit', facts: { timeLimitMs: 1 }, code: 'request/invalid' },
  ] as const)('is refused for $what', async ({ facts, code }) => {
    const platform = await aPlatform()

    const request = makeSubmitTask(platform)(aTaskRequest(facts), signal)

    await expect(request).rejects.toMatchObject({ code })
    expect(platform.memory.tasks.size).toBe(0)
  })
})

describe('the agent of a run', () => {
  it('may say everything twice', async () => {
    const { platform, task, agent } = await withTask()
    const first = await agent.begin()
    expect(await agent.begin()).toEqual(first)
    expect(await agent.log(0, 'abc')).toEqual({ length: 3 })
    expect(await agent.log(0, 'abc')).toEqual({ length: 3 })
    expect(await agent.log(9, 'gap')).toEqual({ length: 3 })
    await agent.finish(1)
    await agent.finish(1)
    await platform.settle()

    expect(task()).toMatchObject({ state: 'failed', reason: 'exited-nonzero' })
  })

  it.each(['../../other', '/etc/passwd', 'a/../b', 'x\u0000', ''])(
    'cannot store an output at %j',
    async (path) => {
      const { platform, agent } = await withTask()
      await agent.begin()
      const before = platform.objects.paths(bucket)

      await expect(agent.output(path, 'x')).rejects.toMatchObject({ code: 'file/path-invalid' })
      expect(platform.objects.paths(bucket)).toEqual(before)
    },
  )

  it('can do nothing before it has begun', async () => {
    const { agent } = await withTask()

    for (const early of [agent.script(), agent.log(0, 'x'), agent.heartbeat(null), agent.finish(0)])
      await expect(early).rejects.toMatchObject({ code: 'run/not-accepting' })
  })

  it.each(['', 'nonsense', 'x'.repeat(1_000)])(
    'is nobody with the credential %j',
    async (credential) => {
      const { platform } = await withTask()

      await expect(makeBeginRun(platform)(credential, signal)).rejects.toMatchObject({
        code: 'run/credential-invalid',
      })
    },
  )

  it('shows progress in the task', async () => {
    const { task, agent } = await withTask()
    await agent.begin()

    await agent.heartbeat(0.42)

    expect(task().progress).toEqual({ fraction: 0.42, text: 'on' })
  })
})

describe('the log of a task', () => {
  const collect = async (
    pieces: AsyncIterable<{ kind: string; offset?: number; bytes?: Uint8Array }>,
  ) => {
    const seen: string[] = []
    for await (const piece of pieces)
      seen.push(
        piece.kind === 'bytes' ? `${piece.offset}:${Buffer.from(piece.bytes ?? [])}` : 'end',
      )
    return seen
  }

  it('is the same read live and from the bucket', async () => {
    const { platform, id, agent } = await withTask()
    const read = async () => textOf((await makeReadTaskLog(platform)(tenantId, id, signal)).body)
    await agent.begin()
    await agent.log(0, 'one\ntwo\n')
    expect(await read()).toBe('one\ntwo\n')

    await agent.finish(0)
    await platform.settle()

    expect(await read()).toBe('one\ntwo\n')
  })

  it('is followed from any byte, as it is written, to its end', async () => {
    const { platform, id, agent } = await withTask()
    await agent.begin()
    await agent.log(0, 'one\n')
    const script = ['two\n', 'three\n']
    const pause = async () => {
      const text = script.shift()
      const length = platform.memory.logs.get(`${tenantId} ${id}`)?.bytes.length ?? 0
      if (text !== undefined) await agent.log(length, text)
      else {
        await agent.finish(0).catch(() => {})
        await platform.settle()
      }
    }
    const follow = makeFollowTaskLog({ ...platform, pause })

    const seen = await collect(await follow(tenantId, id, 2, signal))

    expect(seen).toEqual(['2:e\n', '4:two\n', '8:three\n', 'end'])
  })

  it('is followed from the bucket once it is sealed', async () => {
    const { platform, id, agent } = await withTask()
    await agent.begin()
    await agent.log(0, 'one\ntwo\n')
    await agent.finish(0)
    await platform.settle()

    const seen = await collect(await makeFollowTaskLog(platform)(tenantId, id, 4, signal))

    expect(seen).toEqual(['4:two\n', 'end'])
  })

  it('is left alone when the one who follows goes away', async () => {
    const { platform, id, agent } = await withTask()
    await agent.begin()
    const leaving = new AbortController()
    const pause = async () => leaving.abort()

    const seen = await collect(
      await makeFollowTaskLog({ ...platform, pause })(tenantId, id, 0, leaving.signal),
    )

    expect(seen).toEqual([])
  })

  it('survives a crash between sealing and forgetting', async () => {
    const { platform, id, task, agent } = await withTask()
    await agent.begin()
    await agent.log(0, 'one\n')
    await agent.finish(0)
    platform.tasks.faults.next('replace', { kind: 'fail-before' })
    await expect(platform.settle()).rejects.toThrow('injected')

    await platform.hints.lookAtTask(id)
    await platform.settle()

    expect(task().state).toBe('succeeded')
    expect(platform.objects.text(bucket, `tasks/${id}/log.txt`)).toBe('one\n')
  })

  it('of another tenant is not found', async () => {
    const { platform, id } = await withTask()
    const other = 'ten_globex' as TenantId

    for (const ask of [
      makeReadTaskLog(platform)(other, id, signal),
      makeFollowTaskLog(platform)(other, id, 0, signal),
      makeListTaskOutputs(platform)(other, id, { limit: 1, cursor: null }, signal),
    ])
      await expect(ask).rejects.toMatchObject({ code: 'task/not-found' })
  })
})
