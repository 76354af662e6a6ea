import type { MemberId, TenantId } from '@leasehold/domain'
import { aPlatform, aTaskRequest, aTaskWithAgent, textOf, upload } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeCancelTask } from './cancel-task.ts'
import { makeGetTask } from './get-task.ts'
import { makeSubmitTask } from './submit-task.ts'

const { signal } = new AbortController()
const tenantId = 'ten_acme' as TenantId
const memberId = 'olivia' as MemberId
const bucket = 'leasehold-ten-acme'

describe('the life of a task', () => {
  it('goes from the queue through its script to its results', async () => {
    const { platform, id, task, agent } = await aTaskWithAgent({
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
    const { platform, id, task, agent } = await aTaskWithAgent()
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
    const { platform, id, task } = await aTaskWithAgent()
    await makeCancelTask(platform)({ tenantId, memberId, taskId: id })
    await platform.settle()
    expect(task().state).toBe('cancelled')

    const queued = await makeSubmitTask(platform)(aTaskRequest(), signal)
    const cancelled = await makeCancelTask(platform)({ tenantId, memberId, taskId: queued.id })
    expect(cancelled).toMatchObject({ state: 'cancelled', reason: 'cancelled-by-tenant' })
  })

  it('runs no longer than its limit, whatever its agent says', async () => {
    const { platform, id, task, agent } = await aTaskWithAgent({ timeLimitMs: 10_000 })
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
    const { platform, task, id, agent } = await aTaskWithAgent({
      inputs: [{ from: 'data/none.csv', path: 'in.csv' }],
    })

    await expect(agent.begin()).rejects.toMatchObject({ code: 'run/not-accepting' })
    await platform.settle()

    expect(task()).toMatchObject({ state: 'failed', reason: 'input-missing' })
    const event = platform.memory.tasks.get(id)?.events.find(({ state }) => state === 'ending')
    expect(event?.detail).toBe('There is nothing at data/none.csv in the bucket.')
  })

  it('keeps the numbers of its inputs when the bucket changes meanwhile', async () => {
    const { platform, agent } = await aTaskWithAgent({ inputs: [{ from: 'data/', path: 'in' }] })
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
