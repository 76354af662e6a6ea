import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { withLock } from './with-lock.ts'

const { signal } = new AbortController()

describe('a lock', () => {
  it('lets one work at a time, in the order in which they came', async () => {
    const name = randomUUID()
    const seen: string[] = []
    const work = (label: string) =>
      withLock(name, signal, async () => {
        seen.push(`${label} in`)
        await new Promise(setImmediate)
        seen.push(`${label} out`)
      })

    await Promise.all([work('a'), work('b'), work('c')])

    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out'])
  })

  it('holds up nobody who wants another one', async () => {
    const inner = await withLock(randomUUID(), signal, () =>
      withLock(randomUUID(), signal, async () => 'both'),
    )

    expect(inner).toBe('both')
  })

  it('is free again after work that failed', async () => {
    const name = randomUUID()

    await expect(withLock(name, signal, () => Promise.reject(new Error('broken')))).rejects.toThrow(
      'broken',
    )

    expect(await withLock(name, signal, async () => 'free')).toBe('free')
  })

  it('does no work for a call that was aborted while it waited', async () => {
    const name = randomUUID()
    const abort = new AbortController()
    const first = Promise.withResolvers<void>()
    const holding = withLock(name, signal, () => first.promise)
    let worked = false
    const waiting = withLock(name, abort.signal, async () => {
      worked = true
    })

    abort.abort()
    first.resolve()

    await expect(waiting).rejects.toThrow()
    await holding
    expect(worked).toBe(false)
  })
})
