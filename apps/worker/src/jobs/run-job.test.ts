import { fakeLog } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeQuietRunJob } from './run-job.ts'

const job = { name: 'reconcile-lease', id: 'lse_1', facts: { leaseId: 'lse_1' } } as const

describe('the line about a job', () => {
  it('is one, with everything that was learnt on the way', async () => {
    const log = fakeLog()

    await makeQuietRunJob(log)(job, async (note) => note({ result: 'stepped' }))

    expect(log.lines).toHaveLength(1)
    expect(log.lines[0]).toMatchObject({
      level: 'info',
      fields: { job: 'reconcile-lease', leaseId: 'lse_1', result: 'stepped', outcome: 'done' },
    })
  })

  it('is not written when there was nothing to do, and counted all the same', async () => {
    const log = fakeLog()
    const observed: unknown[] = []
    const runJob = makeQuietRunJob(log, (name, outcome) => observed.push([name, outcome]))

    await runJob(job, async (note) => note({ result: 'waiting' }))

    expect(log.lines).toEqual([])
    expect(observed).toEqual([['reconcile-lease', 'done']])
  })

  it('is written when the job failed, whatever it had noted', async () => {
    const log = fakeLog()
    const work = makeQuietRunJob(log)(job, async (note) => {
      note({ result: 'waiting' })
      throw new Error('the driver is on fire')
    })

    await expect(work).rejects.toThrow('on fire')
    expect(log.lines[0]).toMatchObject({ level: 'error', fields: { outcome: 'failed' } })
  })
})
