import { describe, expect, it } from 'vitest'
import { makeTimeLimits } from './time-limits.ts'

const never = new AbortController().signal
const limits = makeTimeLimits(1_000)

describe('work within a time limit', () => {
  it('gives its result', async () => {
    expect(await limits.within(1_000, never, async () => 'done')).toBe('done')
  })

  it('is told by its signal when the time is up', async () => {
    const work = limits.within(1, never, (signal) => untilAborted(signal))

    await expect(work).rejects.toMatchObject({ name: 'TimeoutError' })
  })

  it('is told when everything around it stops', async () => {
    const outer = new AbortController()
    const work = limits.within(60_000, outer.signal, (signal) => untilAborted(signal))

    outer.abort(new Error('shutting down'))

    await expect(work).rejects.toThrow('shutting down')
  })

  it('says whether it settled in time', async () => {
    expect(await limits.settles(Promise.reject(new Error('settled all the same')), 1_000)).toBe(
      true,
    )
    expect(await limits.settles(new Promise(() => {}), 1)).toBe(false)
  })
})

function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}
