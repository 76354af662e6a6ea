import { aTaskWithAgent } from '@leasehold/testing'
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
