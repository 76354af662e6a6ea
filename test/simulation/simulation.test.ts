import { leaseEndReasons, leaseStates, taskEndReasons, taskStates } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { simulate } from './simulate.ts'

const minuteMs = 60_000
const seedsPerTest = 50
const batches = Array.from({ length: 10 }, (_, index) => index * seedsPerTest)
const seen = new Map<string, number>()

describe('a storm of faults around leases and tasks', { timeout: 5 * minuteMs }, () => {
  it.each(batches)('breaks no promise with the 50 seeds from %i', async (from) => {
    for (let seed = from; seed < from + seedsPerTest; seed++) {
      const { broken, recent, seen: inThisRun } = await simulate(seed)
      for (const [what, count] of inThisRun) seen.set(what, (seen.get(what) ?? 0) + count)
      expect(broken, `seed ${seed}\n${recent.join('\n')}`).toBeNull()
    }
  })

  // A storm in which nothing happens would break no promise either.
  it('has been through every state', () => {
    const names = [...seen.keys()]

    for (const state of leaseStates)
      expect(
        names.some((name) => name.startsWith(`lease ${state}`)),
        `lease ${state}`,
      ).toBe(true)
    for (const state of taskStates)
      expect(
        names.some((name) => name.startsWith(`task ${state}`)),
        `task ${state}`,
      ).toBe(true)
  })

  it('has been through every reason that can come up there', () => {
    const names = [...seen.keys()]
    // Nobody removes tenants, everything fits the pool, and quota refuses before there is a lease; no
    // task of the storm has inputs, and none fails to upload.
    const elsewhere = [
      'tenant-removed',
      'exceeds-quota',
      'machine-refused',
      'input-missing',
      'outputs-failed',
      // No memory or disk runs out, and no node is drained.
      'out-of-memory',
      'out-of-disk',
      'interrupted',
    ]
    const here = [...Object.keys(leaseEndReasons), ...Object.keys(taskEndReasons)].filter(
      (reason) => !elsewhere.includes(reason),
    )

    for (const reason of here)
      expect(
        names.some((name) => name.endsWith(` ${reason}`)),
        reason,
      ).toBe(true)
  })
})

describe('the simulation', () => {
  it.each([1, 77, 404])('does the same twice with seed %i', async (seed) => {
    const first = await simulate(seed)
    const second = await simulate(seed)

    expect(second.hash).toBe(first.hash)
  })

  it('does something else with another seed', async () => {
    const hashes = await Promise.all([1, 2, 3].map(async (seed) => (await simulate(seed)).hash))

    expect(new Set(hashes).size).toBe(3)
  })
})
