import {
  makeAdmitQueued,
  makeCollectOrphans,
  makeCompareStanding,
  makeReconcileLease,
  makeReconcileTask,
  makeSweepDue,
} from '@leasehold/application'
import { DomainError, type LeaseId, type PoolName, type TaskId } from '@leasehold/domain'
import { fakeLog, type TakenHint } from '@leasehold/testing'
import { isTrouble } from './faulty-ports.ts'
import { type Ports, poolsOf } from './ports.ts'
import type { Process } from './scheduler.ts'
import type { World } from './world.ts'

const { signal } = new AbortController()

/** What one worker can do, with its own memory, as after a start. */
export function makeWork(ports: Ports, hints: World['queue']['hints']) {
  const parts = { ...ports, pools: poolsOf(ports), hints, log: fakeLog(), pause: async () => {} }
  const reconcileLease = makeReconcileLease(parts)
  const reconcileTask = makeReconcileTask(parts)
  const admitQueued = makeAdmitQueued(parts)
  return {
    sweepDue: makeSweepDue(parts),
    compareStanding: makeCompareStanding(parts),
    collectOrphans: makeCollectOrphans(parts),
    async serve({ job, id }: TakenHint): Promise<unknown> {
      switch (job) {
        case 'reconcile-lease':
          return reconcileLease(id as LeaseId, signal)
        case 'reconcile-task':
          return reconcileTask(id as TaskId, signal)
        case 'admit-queued':
          return admitQueued(id as PoolName, signal)
        case 'ensure-tenant':
          return undefined
      }
    },
  }
}

/** A worker that takes hints, sweeps and collects orphans until it is killed. */
export function startWorker(world: World, name: string): Process {
  const process: Process = { name, isAlive: true }
  const work = makeWork(world.portsFor(process), world.queue.hints)
  const { scheduler, random, queue } = world
  const every = async (ms: number, act: () => Promise<unknown>) => {
    for (;;) {
      await scheduler.sleep(process, ms + random.whole(0, 300))
      await guarded(world, name, act)
    }
  }
  // Jobs run beside each other, so nobody waits for them.
  void every(600, async () => {
    for (const hint of queue.take(3)) void guarded(world, name, () => work.serve(hint))
  })
  void every(3_000, () => work.sweepDue())
  void every(20_000, () => work.compareStanding(signal))
  void every(25_000, () => work.collectOrphans(signal))
  return process
}

/** Errors that the simulation made, and refusals, are a part of life. All others are bugs. */
export async function guarded(
  { witness }: Pick<World, 'witness'>,
  who: string,
  act: () => Promise<unknown>,
): Promise<boolean> {
  try {
    await act()
    return true
  } catch (error) {
    if (!isTrouble(error) && !(error instanceof DomainError))
      witness.problems.push(`${who} met an unexpected error: ${(error as Error).stack}`)
    return false
  }
}
