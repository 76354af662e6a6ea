import { describe, expect, it, vi } from 'vitest'
import { guardServer } from './server-guard.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }

function aGuard(starts: readonly (number | Error)[]) {
  const left = [...starts]
  const alive = new Set([1])
  const start = vi.fn(async () => {
    const next = left.shift() ?? new Error('nothing planned')
    if (next instanceof Error) throw next
    alive.add(next)
    return next
  })
  const isRunning = async (pid: number) => alive.has(pid)
  return { guard: guardServer(1, { isRunning, start, log, lookEveryMs: 1 }), start, alive }
}

describe('a guarded server', () => {
  it('is left alone while it runs', async () => {
    const { guard, start } = aGuard([2])

    expect(await guard.release()).toBe(1)
    expect(start).not.toHaveBeenCalled()
  })

  it('is started again when it has died, as often as that takes', async () => {
    const { guard, alive } = aGuard([new Error('the disk is full'), 2, 3])

    alive.delete(1)
    await vi.waitFor(() => expect(alive).toContain(2))
    alive.delete(2)
    await vi.waitFor(() => expect(alive).toContain(3))

    expect(await guard.release()).toBe(3)
  })

  it('is not started again once it is released', async () => {
    const { guard, start, alive } = aGuard([2])

    await guard.release()
    alive.delete(1)
    await new Promise((resolve) => setImmediate(resolve))

    expect(start).not.toHaveBeenCalled()
  })
})
