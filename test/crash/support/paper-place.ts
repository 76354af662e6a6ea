import type { ChildProcess } from 'node:child_process'
import { setTimeout as after } from 'node:timers/promises'
import { StaleGeneration } from '@leasehold/application'
import type { LeaseId, TaskId } from '@leasehold/domain'
import { fakeMachineDriver, fakeTaskDriver, fakeTenancyDriver } from '@leasehold/testing'
import type { Random } from '../../simulation/random.ts'
import type { PlaceAnswer, PlaceCall, PlaceNews } from './remote-pool.ts'

export const paperTotal = { vcpu: 64, 'memory-mib': 65_536, 'disk-gib': 2_000 }

/**
 * The place where the machines of a crash test are: fakes that keep every promise of the driver
 * ports, alive in the test's own process while platforms come and go. Some answers are lost although
 * the work was done, and all of them take a while.
 */
export function makePaperPlace(random: Random) {
  const clock = { now: () => Date.now() }
  const machines = fakeMachineDriver({ clock, total: paperTotal, bootMs: 300 })
  const tasks = fakeTaskDriver({ total: paperTotal })
  const tenancy = fakeTenancyDriver()
  const drivers = { machines, tasks, tenancy } as unknown as Record<
    PlaceCall['driver'],
    Record<string, (...args: unknown[]) => Promise<unknown>>
  >
  /** `lease generation` → how often a machine was really made for it. */
  const made = new Map<string, number>()
  const doubles: string[] = []

  const serve = async (call: PlaceCall): Promise<PlaceAnswer> => {
    await after(random.whole(0, 15))
    const before = new Set(machines.running().map((order) => keyOf(order)))
    try {
      const args = [...call.args, new AbortController().signal]
      const value = await drivers[call.driver][call.method]?.(...args)
      for (const order of machines.running()) {
        const key = keyOf(order)
        if (before.has(key)) continue
        made.set(key, (made.get(key) ?? 0) + 1)
        if ((made.get(key) ?? 0) > 1) doubles.push(key)
      }
      if (random.chance(0.05)) return { id: call.id, error: 'the answer got lost', isStale: false }
      return { id: call.id, value }
    } catch (error) {
      const isStale = error instanceof StaleGeneration
      return { id: call.id, error: error instanceof Error ? error.message : '', isStale }
    }
  }

  return {
    machines,
    tasks,
    doubles,
    /** Machines that were really made. */
    madeCount: () => made.size,
    /** Answers the driver calls of one platform process until it is gone. */
    attach(child: ChildProcess): void {
      const gone = new AbortController()
      const tell = (message: PlaceAnswer | PlaceNews) => {
        if (child.connected) child.send(message, () => {})
      }
      child.once('exit', () => gone.abort())
      child.on('message', (message: PlaceCall | { readonly ready: object }) => {
        if ('driver' in message) serve(message).then(tell, () => {})
      })
      const news = (kind: PlaceNews['news']) => (about: LeaseId | TaskId) =>
        tell({ news: kind, about })
      void machines.watch(news('lease'), gone.signal)
      void tasks.watch(news('task'), gone.signal)
    },
  }
}

export type PaperPlace = ReturnType<typeof makePaperPlace>

function keyOf(order: { readonly leaseId: LeaseId; readonly generation: number }): string {
  return `${order.leaseId} generation ${order.generation}`
}
