import type { LeaseId } from '@leasehold/domain'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeOpenConnections } from './open-connections.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }
const leaseId = 'lse_a' as LeaseId

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const open = (maxPerLease = 10) =>
  makeOpenConnections({ checkEveryMs: 1_000, maxPerLease, log: silent })

describe('open connections', () => {
  it('are cut once they are no longer allowed, and only those', async () => {
    const connections = open()
    const allowed = { one: true, two: true }
    const cut: string[] = []
    for (const name of ['one', 'two'] as const)
      connections.add({ leaseId, isAllowed: async () => allowed[name], cut: () => cut.push(name) })
    await vi.advanceTimersByTimeAsync(3_000)
    allowed.two = false

    await vi.advanceTimersByTimeAsync(1_000)

    expect(cut).toEqual(['two'])
    expect(connections.count()).toBe(1)
  })

  it('are left alone while it cannot be told', async () => {
    const connections = open()
    const cut = vi.fn()
    connections.add({ leaseId, isAllowed: () => Promise.reject(new Error('gone')), cut })

    await vi.advanceTimersByTimeAsync(60_000)

    expect(cut).not.toHaveBeenCalled()
  })

  it('are counted per lease, and make room when they end', () => {
    const connections = open(1)
    const connection = (id: string) => ({
      leaseId: id as LeaseId,
      isAllowed: async () => true,
      cut: () => {},
    })
    const release = connections.add(connection('lse_a'))

    expect(connections.add(connection('lse_a'))).toBeNull()
    expect(connections.add(connection('lse_b'))).not.toBeNull()
    release?.()
    release?.()
    expect(connections.add(connection('lse_a'))).not.toBeNull()
    expect(connections.add(connection('lse_a'))).toBeNull()
  })

  it('cost no timer while there are none', async () => {
    const connections = open()
    expect(vi.getTimerCount()).toBe(0)
    const release = connections.add({ leaseId, isAllowed: async () => true, cut: () => {} })
    expect(vi.getTimerCount()).toBe(1)
    release?.()

    await vi.advanceTimersByTimeAsync(1_000)

    expect(vi.getTimerCount()).toBe(0)
  })

  it('are all cut at the end', () => {
    const connections = open()
    const cut = vi.fn()
    connections.add({ leaseId, isAllowed: async () => true, cut })

    connections.close()

    expect(cut).toHaveBeenCalledOnce()
    expect([connections.count(), vi.getTimerCount()]).toEqual([0, 0])
  })
})
