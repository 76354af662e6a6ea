import type { LeaseId, PoolName } from '@leasehold/domain'
import { manualClock } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { fakeKube } from '../client/testing/fake-kube.ts'
import { makeGenerationFence } from './generation-fence.ts'
import { quiet } from './testing/driver-on-fake.ts'

const { signal } = new AbortController()
const lease = (number: number) => `lse_${number}` as LeaseId
const dayMs = 86_400_000

function aFence() {
  const kube = fakeKube({ namespaces: ['leasehold-system'] })
  const clock = manualClock()
  const open = () =>
    makeGenerationFence({
      client: kube,
      namespace: 'leasehold-system',
      pool: 'east' as PoolName,
      now: clock.now,
      log: quiet,
    })
  return { kube, clock, open, fence: open() }
}

describe('the fence of a lease', () => {
  it('is down until it is raised, and then up for every process', async () => {
    const { fence, open } = aFence()

    expect(await fence.ended(lease(1), signal)).toBe(0)
    await fence.raise(lease(1), 3, signal)

    expect(await open().ended(lease(1), signal)).toBe(3)
    expect(await open().ended(lease(2), signal)).toBe(0)
  })

  it('never comes down again, whoever raises it when', async () => {
    const { fence, open } = aFence()

    await fence.raise(lease(1), 10, signal)
    await open().raise(lease(1), 9, signal)

    expect(await fence.ended(lease(1), signal)).toBe(10)
  })

  it('costs one write, and none when this process has raised it before', async () => {
    const { fence, kube } = aFence()
    await fence.raise(lease(1), 1, signal)
    const before = kube.requests.length

    await fence.raise(lease(1), 1, signal)
    await fence.raise(lease(1), 2, signal)

    expect(kube.requests.slice(before).map(({ verb }) => verb)).toEqual(['patch'])
  })

  it('is one of many in a map, and none is lost when all are raised at once', async () => {
    const { fence, open, kube } = aFence()
    const leases = Array.from({ length: 1_000 }, (_, number) => lease(number))

    await Promise.all(leases.map((id) => fence.raise(id, 1, signal)))

    const other = open()
    const ended = await Promise.all(leases.map((id) => other.ended(id, signal)))
    expect(ended.every((generation) => generation === 1)).toBe(true)
    expect(kube.peek(kinds.configMaps).length).toBeLessThanOrEqual(256)
  })

  it('is forgotten after a week, without those of yesterday', async () => {
    const { fence, open, clock, kube } = aFence()
    await fence.raise(lease(1), 1, signal)
    clock.advance(8 * dayMs)
    await fence.raise(lease(2), 1, signal)

    await expect.poll(() => open().ended(lease(1), signal)).toBe(0)
    expect(await open().ended(lease(2), signal)).toBe(1)
    expect(kube.requests.filter(({ verb }) => verb === 'list').length).toBe(2)
  })

  it('is not raised when the cluster did not take it', async () => {
    const { fence, kube } = aFence()
    kube.unavailable(true)
    await expect(fence.raise(lease(1), 1, signal)).rejects.toThrow()
    kube.unavailable(false)

    expect(fence.isRaised(lease(1), 1)).toBe(false)
    await fence.raise(lease(1), 1, signal)
    expect(await fence.ended(lease(1), signal)).toBe(1)
  })
})
