import type { PoolName, TaskIsolation } from '@leasehold/domain'
import { aPlatform, aTaskRequest, fakePools } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeSubmitTask } from './submit-task.ts'

const { signal } = new AbortController()

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

  it('runs where it is kept as far from its neighbours as it asks, and as is usual there otherwise', async () => {
    const platform = await poolsOffering({ open: ['container'], strict: ['kata'] })
    const submit = makeSubmitTask(platform)

    const usual = await submit(aTaskRequest(), signal)
    const strict = await submit(aTaskRequest({ isolation: 'kata' }), signal)

    expect(usual).toMatchObject({ pool: 'open', isolation: 'container' })
    expect(strict).toMatchObject({ pool: 'strict', isolation: 'kata' })
  })

  it('is refused an isolation that no pool has, with what there is', async () => {
    const platform = await poolsOffering({ open: ['container'], strict: ['kata'] })
    const submit = makeSubmitTask(platform)

    await expect(submit(aTaskRequest({ isolation: 'vm' }), signal)).rejects.toMatchObject({
      code: 'pool/isolation-unavailable',
      facts: { asked: 'vm', possible: 'container, kata' },
      field: '/isolation',
    })
    const named = aTaskRequest({ isolation: 'kata', pool: 'open' as PoolName })
    await expect(submit(named, signal)).rejects.toThrow('The pool open does not run tasks')
    expect(platform.memory.tasks.size).toBe(0)
  })

  it('tells the driver how far the run is to be kept away', async () => {
    const platform = await aPlatform()
    const task = await makeSubmitTask(platform)(aTaskRequest({ isolation: 'vm' }), signal)

    await platform.settle()

    expect(platform.runs.running()).toMatchObject([{ taskId: task.id, isolation: 'vm' }])
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

/** Like the usual platform, with pools that isolate tasks as they say, in this order. */
async function poolsOffering(offers: Readonly<Record<string, readonly TaskIsolation[]>>) {
  const platform = await aPlatform()
  const usual = platform.pools.all().find(() => true)
  if (usual === undefined) throw new Error('The platform has no pool.')
  const pools = fakePools(
    Object.entries(offers).map(([name, taskIsolations]) => ({
      ...usual,
      name: name as PoolName,
      taskIsolations,
    })),
  )
  return { ...platform, pools, lookAtPool: async () => null }
}
