import type { LeaseId } from '@leasehold/domain'
import { aPlatform, fakeHints } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { watchPools } from './watch-pools.ts'

describe('a watch of the pools', () => {
  it('turns what a driver sees into hints, until it is ended', async () => {
    const { pools, pause, log, machines } = await aPlatform()
    const hints = fakeHints()
    const watching = new AbortController()
    const watched = watchPools(pools, hints, pause, log, watching.signal)

    machines.lose('lse_1' as LeaseId)

    await expect.poll(() => hints.waiting()).toEqual([{ job: 'reconcile-lease', id: 'lse_1' }])
    watching.abort()
    await watched
  })

  it('is opened again when it breaks off, a little later each time', async () => {
    const { pools, log, machines } = await aPlatform()
    const watching = new AbortController()
    const pauses: number[] = []
    machines.faults.always('watch', { kind: 'fail-before' })

    await watchPools(
      pools,
      fakeHints(),
      async (ms) => {
        pauses.push(ms)
        if (pauses.length === 7) watching.abort()
      },
      log,
      watching.signal,
    )

    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    expect(log.lines[0]).toMatchObject({ level: 'warn', fields: { watch: 'machines of local' } })
  })
})
