import { describe, expect, it } from 'vitest'
import { makeLazy } from './lazy.ts'

function counted() {
  const counts = { opened: 0, closed: 0 }
  const openPart = async () => {
    counts.opened++
    return { close: async () => void counts.closed++ }
  }
  return { counts, openPart }
}

describe('a part that is opened by its first use', () => {
  it('is opened once, however many use it at the same moment', async () => {
    const { counts, openPart } = counted()
    const lazy = makeLazy(openPart)

    const [one, other] = await Promise.all([lazy.open(), lazy.open()])
    await lazy.close()

    expect(one).toBe(other)
    expect(counts).toEqual({ opened: 1, closed: 1 })
  })

  it('is neither opened nor closed by closing', async () => {
    const { counts, openPart } = counted()
    const lazy = makeLazy(openPart)

    await lazy.close()

    expect(counts).toEqual({ opened: 0, closed: 0 })
    await expect(lazy.open()).rejects.toThrow('closed')
  })

  it('is tried again when opening failed', async () => {
    const { counts, openPart } = counted()
    let isBroken = true
    const lazy = makeLazy(() => (isBroken ? Promise.reject(new Error('not yet')) : openPart()))

    await expect(lazy.open()).rejects.toThrow('not yet')
    isBroken = false
    await lazy.open()

    expect(counts.opened).toBe(1)
  })
})
