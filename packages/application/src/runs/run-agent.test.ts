import { aTaskWithAgent, textOf, upload } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeBeginRun } from './begin-run.ts'

const { signal } = new AbortController()
const bucket = 'leasehold-ten-acme'

describe('the agent of a run', () => {
  it('may say everything twice', async () => {
    const { platform, task, agent } = await aTaskWithAgent()
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
      const { platform, agent } = await aTaskWithAgent()
      await agent.begin()
      const before = platform.objects.paths(bucket)

      await expect(agent.output(path, 'x')).rejects.toMatchObject({ code: 'file/path-invalid' })
      expect(platform.objects.paths(bucket)).toEqual(before)
    },
  )

  it('is turned away when another agent has begun the run already', async () => {
    const { platform, agent } = await aTaskWithAgent()
    const begin = (instance: string) => makeBeginRun(platform)(agent.credential, signal, instance)
    const first = await begin('agent-one')

    await expect(begin('agent-two')).rejects.toMatchObject({ code: 'run/not-accepting' })
    expect(await begin('agent-one')).toEqual(first)
  })

  it('gets its inputs as they were, also from a list of before agents said who they are', async () => {
    const { platform, agent, id } = await aTaskWithAgent({
      inputs: [{ from: 'data/a.csv', path: 'a.csv' }],
    })
    await agent.begin()
    const list = JSON.stringify([{ from: 'data/deep/b.csv', path: 'b.csv', sizeBytes: 2 }])
    await upload(platform, `tasks/${id}/inputs.json`, list)

    expect((await agent.begin()).inputs).toEqual([{ index: 0, path: 'b.csv', sizeBytes: 2 }])
    expect(await textOf((await agent.input(0)).body)).toBe('bb')
  })

  it('can do nothing before it has begun', async () => {
    const { agent } = await aTaskWithAgent()

    for (const early of [agent.script(), agent.log(0, 'x'), agent.heartbeat(null), agent.finish(0)])
      await expect(early).rejects.toMatchObject({ code: 'run/not-accepting' })
  })

  it.each(['', 'nonsense', 'x'.repeat(1_000)])(
    'is nobody with the credential %j',
    async (credential) => {
      const { platform } = await aTaskWithAgent()

      await expect(makeBeginRun(platform)(credential, signal)).rejects.toMatchObject({
        code: 'run/credential-invalid',
      })
    },
  )

  it('shows progress in the task', async () => {
    const { task, agent } = await aTaskWithAgent()
    await agent.begin()

    await agent.heartbeat(0.42)

    expect(task().progress).toEqual({ fraction: 0.42, text: 'on' })
  })
})
