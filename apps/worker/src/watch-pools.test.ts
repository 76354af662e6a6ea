import type { LeaseId } from '@leasehold/domain'
import { aPlatform, fakeHints, fakePools } from '@leasehold/testing'
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

  it('asks for a plan when there is more room, and once for what comes meanwhile', async () => {
    const { pools, log } = await aPlatform()
    const watching = new AbortController()
    const pauses: (() => void)[] = []
    let tell = () => {}
    const watchRoom = async (onRoom: () => void, signal: AbortSignal) => {
      tell = onRoom
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    const withRoom = fakePools(pools.all().map((pool) => ({ ...pool, watchRoom })))
    let plans = 0
    const hints = { ...fakeHints(), admitQueued: async () => void plans++ }
    const pause = () => new Promise<void>((resolve) => void pauses.push(resolve))
    const watched = watchPools(withRoom, hints, pause, log, watching.signal)

    tell()
    await expect.poll(() => pauses.length).toBe(1)
    for (let times = 0; times < 5; times++) tell()
    expect(plans).toBe(1)
    pauses[0]?.()
    await expect.poll(() => plans).toBe(2)
    watching.abort()
    for (const end of pauses) end()

    await watched
    expect(plans).toBe(2)
  })
})
