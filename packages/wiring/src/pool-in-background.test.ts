import type { Pool } from '@leasehold/application'
import type { ImageName, LeaseId, PoolName, TaskId } from '@leasehold/domain'
import {
  fakeMachineDriver,
  fakeTaskDriver,
  fakeTenancyDriver,
  manualClock,
} from '@leasehold/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { type ClosablePool, poolInBackground } from './pool-in-background.ts'

const log = { info: () => {}, warn: () => {}, error: () => {} }
const { signal } = new AbortController()
const id = 'lse_1' as LeaseId
const info = {
  name: 'cluster' as PoolName,
  region: 'east',
  driver: 'kubernetes',
  images: ['debian-12' as ImageName],
  taskImages: ['python' as ImageName],
  taskIsolations: ['container' as const],
  connects: true,
} as const

/** A pool whose place is down until `up()`. */
function aPoolThatIsDown() {
  const place = { isDown: true, closed: 0, opened: 0 }
  const machines = fakeMachineDriver({ clock: manualClock() })
  const open = async (): Promise<ClosablePool> => {
    if (place.isDown) throw new Error('connect refused')
    place.opened++
    return {
      ...info,
      machines,
      tasks: fakeTaskDriver(),
      tenancy: fakeTenancyDriver(),
      trouble: () => null,
      connect: async () => new (await import('node:stream')).PassThrough(),
      close: async () => void place.closed++,
    }
  }
  let at = 1_000
  const retryMs = { first: 5, last: 10 }
  const pool = poolInBackground({ info, open, log, now: () => at++, retryMs })
  onTestFinished(() => pool.close())
  return { pool, place, machines }
}

const whenOpen = (pool: Pool) => expect.poll(() => pool.trouble?.(), { interval: 5 }).toBeNull()

describe('a pool that is opened in the background', () => {
  it('is there at once, knows nothing for certain and begins nothing', async () => {
    const { pool } = aPoolThatIsDown()

    expect(pool).toMatchObject({ name: 'cluster', images: ['debian-12'], taskImages: ['python'] })
    expect(await pool.machines.inspectMachine(id, 1, signal)).toEqual({ kind: 'unknown' })
    expect(await pool.tasks.inspectRun('tsk_1' as TaskId, 1, signal)).toEqual({ kind: 'unknown' })
    expect(await pool.tenancy.inspectTenant('ten_acme' as never, signal)).toBe('unknown')
    await expect(pool.machines.capacity(signal)).rejects.toThrow('cluster is not open')
    await expect(pool.machines.listMachines(signal)).rejects.toThrow('cluster is not open')
    await expect(pool.tasks.listRuns(signal)).rejects.toThrow('cluster is not open')
    await expect(pool.connect?.({} as never, 22, signal)).rejects.toThrow('cluster is not open')
  })

  it('says what is wrong, since when, until it is open', async () => {
    const { pool, place } = aPoolThatIsDown()
    await expect.poll(() => pool.trouble?.()?.detail, { interval: 5 }).toBe('connect refused')
    expect(pool.trouble?.()?.since).toBe(1_000)

    place.isDown = false
    await whenOpen(pool)

    expect(place.opened).toBe(1)
    expect(await pool.machines.capacity(signal)).toMatchObject({ total: { vcpu: 8 } })
    expect(await pool.machines.inspectMachine(id, 1, signal)).toEqual({
      kind: 'absent',
      disk: 'none',
    })
  })

  it('takes up a watch that began before it was open', async () => {
    const { pool, place, machines } = aPoolThatIsDown()
    const seen: LeaseId[] = []
    const watching = new AbortController()
    const watch = pool.machines.watch((lease) => void seen.push(lease), watching.signal)

    place.isDown = false
    await whenOpen(pool)
    const afterNews = () => {
      machines.lose(id)
      return seen.length
    }
    await expect.poll(afterNews, { interval: 5 }).toBeGreaterThan(0)
    watching.abort()

    await watch
    expect(seen[0]).toBe(id)
  })

  it('lets go of a watch that never came to be', async () => {
    const { pool } = aPoolThatIsDown()
    const watching = new AbortController()
    const watch = pool.tasks.watch(() => {}, watching.signal)

    watching.abort()

    await watch
  })

  it('closes what was opened, and tries no more when it is closed', async () => {
    const { pool, place } = aPoolThatIsDown()
    place.isDown = false
    await whenOpen(pool)
    const other = aPoolThatIsDown()

    await pool.close()
    await other.pool.close()
    other.place.isDown = false

    expect(place.closed).toBe(1)
    expect(other.place.opened).toBe(0)
  })
})
