import { describe, expect, it, vi } from 'vitest'
import { makeRepairQueue } from './repair-queue.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

function start(repair: (key: string, gone: ReadonlySet<string>) => Promise<void>, settleMs = 5) {
  const closing = new AbortController()
  const queue = makeRepairQueue({ repair, log, signal: closing.signal, settleMs })
  return { queue, close: () => closing.abort() }
}

describe('repairs', () => {
  it('are made once for all that was told within a moment, with everything that was seen to go', async () => {
    const repair = vi.fn(async () => {})
    const { queue } = start(repair)

    queue.add('a')
    queue.add('a', 'NetworkPolicy x')
    queue.add('a', 'Role y')
    await queue.idle()

    expect(repair).toHaveBeenCalledExactlyOnceWith(
      'a',
      new Set(['NetworkPolicy x', 'Role y']),
      expect.anything(),
    )
  })

  it('happen again for what is told while one is being made', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const seen: string[] = []
    const { queue } = start(async (key) => {
      seen.push(key)
      await promise
    })
    queue.add('a')
    await vi.waitFor(() => expect(seen).toHaveLength(1))

    queue.add('a')
    resolve()
    await queue.idle()

    expect(seen).toEqual(['a', 'a'])
  })

  it('are tried again at once when something changes, whatever the pause after a failure', async () => {
    let fails = true
    const repair = vi.fn(async () => {
      if (fails) throw new Error('not yet')
    })
    const { queue } = start(repair)
    queue.add('a', 'gone')
    await vi.waitFor(() => expect(repair).toHaveBeenCalledOnce())

    fails = false
    const since = performance.now()
    await vi.waitFor(() => {
      queue.add('a')
      expect(repair.mock.calls.length).toBeGreaterThan(1)
    })
    await queue.idle()

    expect(performance.now() - since).toBeLessThan(900)
    expect(repair).toHaveBeenNthCalledWith(2, 'a', new Set(['gone']), expect.anything())
  })

  it('end when the driver does', async () => {
    const { queue, close } = start(() => Promise.reject(new Error('never')))
    queue.add('a')

    close()
    await queue.idle()
    queue.add('b')
    await queue.idle()
  })
})
