import { startEverything } from './chaos.ts'
import { findBrokenPromise, findUnfinished } from './invariants.ts'
import { makeWork } from './workers.ts'
import { makeWorld, type Plant, type World } from './world.ts'

export type Outcome = {
  readonly seed: number
  /** The same for two runs that did the same. */
  readonly hash: string
  /** Null when every promise was kept. */
  readonly broken: string | null
  /** The last things that happened before it broke. */
  readonly recent: readonly string[]
  /** How much of life the run has seen: states and reasons with how often they were stored. */
  readonly seen: ReadonlyMap<string, number>
}

const stormMs = 180_000
const { signal } = new AbortController()

/** One storm of a few minutes, then calm; every promise is checked after every step. */
export async function simulate(seed: number, plant?: Plant): Promise<Outcome> {
  const world = await makeWorld(seed, plant)
  const end = startEverything(world)
  let broken: string | null = null
  let looked = -1
  try {
    await world.scheduler.run(stormMs, () => {
      world.tick()
      // Most steps are somebody's waiting: nothing has been touched since the last look.
      if (world.trace.changes() === looked) return
      looked = world.trace.changes()
      const found = findBrokenPromise(world)
      if (found !== null) throw new BrokenPromise(found)
    })
    end()
    broken = await calmDown(world)
  } catch (error) {
    if (!(error instanceof BrokenPromise)) throw error
    end()
    broken = error.message
  }
  const { trace, memory } = world
  return { seed, hash: trace.hash(), broken, recent: trace.recent(), seen: countSeen(memory) }
}

class BrokenPromise extends Error {}

const calmSteps = 90
/** Together longer than any claim that was made before a clock was set back. */
const calmStepMs = 150_000

/** A fresh worker, no faults, and time for every deadline and every claim to run out; then nothing may be left undone. */
async function calmDown(world: World): Promise<string | null> {
  world.calm()
  const work = makeWork(world.planted, world.queue.hints)
  for (let step = 0; step < calmSteps; step++) {
    world.ports.clock.advance(calmStepMs)
    await work.sweepDue()
    await work.compareStanding(signal)
    await drainHints(world, work)
    await work.collectOrphans(signal)
    const broken = findBrokenPromise(world)
    if (broken !== null) return broken
  }
  return findUnfinished(world)
}

async function drainHints({ queue }: World, work: ReturnType<typeof makeWork>): Promise<void> {
  for (let round = 0; round < 60; round++) {
    const hints = queue.take(50)
    if (hints.length === 0) return
    for (const hint of hints) await work.serve(hint)
  }
}

function countSeen(memory: World['memory']): Map<string, number> {
  const seen = new Map<string, number>()
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1)
  for (const { events } of memory.leases.values())
    for (const { state, reason } of events) count(`lease ${state} ${reason ?? ''}`.trim())
  for (const { events } of memory.tasks.values())
    for (const { state, reason } of events) count(`task ${state} ${reason ?? ''}`.trim())
  return seen
}
