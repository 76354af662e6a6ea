import { aPlatform, aTaskRequest } from '@leasehold/testing'
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
