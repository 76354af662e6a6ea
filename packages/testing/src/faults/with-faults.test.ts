import type { LeaseId } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aShape } from '../builders/a-shape.ts'
import { fakeMachineDriver } from '../fakes/fake-machine-driver.ts'
import { manualClock } from '../manual-clock.ts'
import { persistentCaller } from './persistent-caller.ts'
import { seededFaults } from './seeded-faults.ts'
import { InjectedFault, withFaults } from './with-faults.ts'

const aPort = () => {
  const done: string[] = []
  const port = {
    async write(text: string, signal: AbortSignal) {
      signal.throwIfAborted()
      done.push(text)
      return done.length
    },
  }
  return { done, port: withFaults(port) }
}
const { signal } = new AbortController()

describe('a port with faults', () => {
  it('fails before anything happened, or after it did', async () => {
    const { done, port } = aPort()
    port.faults.next('write', { kind: 'fail-before' })
    port.faults.next('write', { kind: 'fail-after' })

    await expect(port.write('a', signal)).rejects.toBeInstanceOf(InjectedFault)
    await expect(port.write('b', signal)).rejects.toBeInstanceOf(InjectedFault)

    expect(done).toEqual(['b'])
  })

  it('hangs until its caller gives up', async () => {
    const { done, port } = aPort()
    const caller = new AbortController()
    port.faults.next('write', { kind: 'hang' })
    const call = port.write('a', caller.signal)

    caller.abort(new Error('enough'))

    await expect(call).rejects.toThrow('enough')
    expect(done).toEqual([])
  })

  it('does twice what was asked once', async () => {
    const { done, port } = aPort()
    port.faults.next('write', { kind: 'duplicate' })

    await port.write('a', signal)

    expect(done).toEqual(['a', 'a'])
  })

  it('does late what its caller took for failed, though the caller has gone', async () => {
    const { done, port } = aPort()
    const caller = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    port.faults.next('write', { kind: 'late', until: promise })

    await expect(port.write('a', caller.signal)).rejects.toBeInstanceOf(InjectedFault)
    caller.abort()
    expect(done).toEqual([])
    resolve()
    await port.faults.settled()

    expect(done).toEqual(['a'])
  })
})

describe('faults by chance', () => {
  const kindsOf = (seed: number) => {
    const { plan } = seededFaults({ seed, methods: ['write'], onHang: () => {} })
    return Array.from({ length: 200 }, () => plan('write')?.kind ?? null)
  }

  it('are the same for the same seed, and of every kind', () => {
    expect(kindsOf(7)).toEqual(kindsOf(7))
    expect(kindsOf(7)).not.toEqual(kindsOf(8))
    expect(new Set(kindsOf(7))).toEqual(
      new Set([null, 'fail-before', 'fail-after', 'hang', 'slow', 'duplicate', 'late']),
    )
  })

  // The contract suites rest on this: it is what a driver without a memory gets wrong.
  it('bring a machine back to life in a driver that forgets what is over', async () => {
    const id = 'lse_1' as LeaseId
    const isBroken = async (seed: number) => {
      const driver = fakeMachineDriver({ clock: manualClock() })
      const forgetful = {
        ...driver,
        startMachine(...args: Parameters<typeof driver.startMachine>) {
          driver.forgetFences()
          return driver.startMachine(...args)
        },
      }
      const order = { leaseId: id, generation: 1, shape: aShape() }
      const { persist, calm } = persistentCaller(
        forgetful,
        ['startMachine', 'destroyMachine'],
        seed,
      )
      await persist((port, until) => port.startMachine(order as never, until))
      await persist((port, until) => port.destroyMachine(id, 1, until))
      await calm()
      return driver.isRunning(id)
    }

    const broken = await Promise.all(Array.from({ length: 40 }, (_, seed) => isBroken(seed)))

    expect(broken.filter(Boolean).length).toBeGreaterThan(0)
  })
})
