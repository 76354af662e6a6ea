import { startApi } from './clients.ts'
import { startGuests } from './guests.ts'
import type { Process } from './scheduler.ts'
import { startWorker } from './workers.ts'
import type { World } from './world.ts'

const hourMs = 3_600_000

/** Two workers, an API, agents, and someone who breaks them. Gives back how to end them all. */
export function startEverything(world: World): () => void {
  const { random, scheduler, queue, ports, memory, witness, trace } = world
  let count = 0
  const next = (what: string) => `${what}${++count}`
  const workers: Process[] = [
    startWorker(world, next('worker')),
    startWorker(world, next('worker')),
  ]
  let api = startApi(world, next('api'))
  const guests = startGuests(world)
  const chaos: Process = { name: 'chaos', isAlive: true }

  const deeds: Record<string, () => void> = {
    killWorker() {
      const index = random.whole(0, workers.length - 1)
      const victim = workers[index]
      if (victim !== undefined) victim.isAlive = false
      workers[index] = startWorker(world, next('worker'))
    },
    killApi() {
      api.isAlive = false
      api = startApi(world, next('api'))
    },
    emptyQueue: () => queue.empty(),
    jumpClock: () => world.jumpClock(random.chance(0.5) ? hourMs : -hourMs),
    blindMachines: () => ports.machines.blind(random.chance(0.4)),
    blindRuns: () => ports.runs.blind(random.chance(0.4)),
    powerOff() {
      const machine = pickRunning()
      if (machine === undefined) return
      witness.poweredOff.add(machine)
      ports.machines.powerOff(machine)
    },
    loseMachine() {
      const machine = pickRunning()
      if (machine === undefined) return
      witness.lost.add(machine)
      ports.machines.lose(machine)
    },
  }
  const pickRunning = () => {
    const running = ports.machines.running()
    return running.length === 0 ? undefined : random.pick(running).leaseId
  }
  void (async () => {
    for (;;) {
      await scheduler.sleep(chaos, random.whole(1_000, 25_000))
      // Rare, since an hour ends most of what goes on.
      const names = Object.keys(deeds).filter((name) => name !== 'jumpClock' || random.chance(0.2))
      const name = random.pick(names)
      trace.add(`chaos ${name} ${memory.leases.size} ${memory.tasks.size}`)
      deeds[name]?.()
    }
  })()
  return () => {
    for (const process of [...workers, api, guests, chaos]) process.isAlive = false
    ports.machines.blind(false)
    ports.runs.blind(false)
  }
}
