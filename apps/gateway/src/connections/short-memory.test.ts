import { describe, expect, it, vi } from 'vitest'
import { makeShortMemory } from './short-memory.ts'

function open(load: (key: string) => Promise<string>, capacity = 10) {
  const time = { now: 0 }
  const memory = makeShortMemory({ maxAgeMs: 2_000, capacity, now: () => time.now, load })
  return { time, memory }
}

describe('a short memory', () => {
  it('asks once for everyone who wants to know within its time', async () => {
    const load = vi.fn(async (key: string) => key)
    const { memory, time } = open(load)

    await Promise.all([memory.get('a'), memory.get('a')])
    time.now = 1_999
    await memory.get('a')
    expect(load).toHaveBeenCalledTimes(1)

    time.now = 2_000
    await memory.get('a')
    expect(load).toHaveBeenCalledTimes(2)
  })

  it('does not remember a failure', async () => {
    const load = vi.fn(async (_key: string) => 'found')
    load.mockRejectedValueOnce(new Error('gone'))
    const { memory } = open(load)

    await expect(memory.get('a')).rejects.toThrow('gone')
    expect(await memory.get('a')).toBe('found')
  })

  it('forgets the oldest answer when it is full', async () => {
    const load = vi.fn(async (key: string) => key)
    const { memory } = open(load, 2)

    for (const key of ['a', 'b', 'c', 'b', 'a']) await memory.get(key)

    expect(load.mock.calls.map(([key]) => key)).toEqual(['a', 'b', 'c', 'a'])
  })
})
