import type { TenantId } from '@leasehold/domain'
import { aTaskWithAgent, textOf } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeFollowTaskLog } from './follow-task-log.ts'
import { makeListTaskOutputs } from './list-task-outputs.ts'
import { makeReadTaskLog } from './read-task-log.ts'

const { signal } = new AbortController()
const tenantId = 'ten_acme' as TenantId
const bucket = 'leasehold-ten-acme'

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
    const { platform, id, agent } = await aTaskWithAgent()
    const read = async () => textOf((await makeReadTaskLog(platform)(tenantId, id, signal)).body)
    await agent.begin()
    await agent.log(0, 'one\ntwo\n')
    expect(await read()).toBe('one\ntwo\n')

    await agent.finish(0)
    await platform.settle()

    expect(await read()).toBe('one\ntwo\n')
  })

  it('is followed from any byte, as it is written, to its end', async () => {
    const { platform, id, agent } = await aTaskWithAgent()
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
    const { platform, id, agent } = await aTaskWithAgent()
    await agent.begin()
    await agent.log(0, 'one\ntwo\n')
    await agent.finish(0)
    await platform.settle()

    const seen = await collect(await makeFollowTaskLog(platform)(tenantId, id, 4, signal))

    expect(seen).toEqual(['4:two\n', 'end'])
  })

  it('is left alone when the one who follows goes away', async () => {
    const { platform, id, agent } = await aTaskWithAgent()
    await agent.begin()
    const leaving = new AbortController()
    const pause = async () => leaving.abort()

    const seen = await collect(
      await makeFollowTaskLog({ ...platform, pause })(tenantId, id, 0, leaving.signal),
    )

    expect(seen).toEqual([])
  })

  it('survives a crash between sealing and forgetting', async () => {
    const { platform, id, task, agent } = await aTaskWithAgent()
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
    const { platform, id } = await aTaskWithAgent()
    const other = 'ten_globex' as TenantId

    for (const ask of [
      makeReadTaskLog(platform)(other, id, signal),
      makeFollowTaskLog(platform)(other, id, 0, signal),
      makeListTaskOutputs(platform)(other, id, { limit: 1, cursor: null }, signal),
    ])
      await expect(ask).rejects.toMatchObject({ code: 'task/not-found' })
  })
})
