import { fakeLog } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeTimeLimits } from './jobs/time-limits.ts'
import { type Schedule, startSchedules } from './schedules.ts'

const limits = makeTimeLimits(1_000)
const schedule = (facts: Partial<Schedule>): Schedule => ({
  name: 'sweep',
  everyMs: 1,
  limitMs: 1_000,
  run: async () => ({}),
  isNews: () => false,
  ...facts,
})

describe('a schedule', () => {
  it('comes again, and never while the last run goes on', async () => {
    let running = 0
    let most = 0
    let runs = 0
    const run = async () => {
      most = Math.max(most, ++running)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      runs++
      return {}
    }

    const timers = startSchedules([schedule({ run })], limits, fakeLog(), Date.now)
    await expect.poll(() => runs).toBeGreaterThan(3)
    await timers.close()

    expect(most).toBe(1)
  })

  it('comes again after a run that failed, which is logged', async () => {
    const log = fakeLog()
    let runs = 0
    const run = async () => {
      if (++runs === 1) throw new Error('the database is away')
      return {}
    }

    const timers = startSchedules([schedule({ run })], limits, log, Date.now)
    await expect.poll(() => runs).toBeGreaterThan(1)
    await timers.close()

    expect(log.lines[0]).toMatchObject({ level: 'error', message: 'sweep failed' })
  })

  it('does not let one that hangs keep the others waiting, nor the shutdown', async () => {
    let runs = 0
    const hanging = schedule({
      run: (signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        }),
      limitMs: 60_000,
    })
    const lively = schedule({ run: async () => ({ runs: ++runs }) })

    const timers = startSchedules([hanging, lively], limits, fakeLog(), Date.now)
    await expect.poll(() => runs).toBeGreaterThan(2)

    await timers.close()
  })
})
