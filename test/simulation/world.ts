import type { LeaseId, TaskId } from '@leasehold/domain'
import { manualClock, testNow } from '@leasehold/testing'
import { faultyPort, noFaults, type Surroundings, someFaults } from './faulty-ports.ts'
import { type HintQueue, makeHintQueue } from './hint-queue.ts'
import { type Backstage, openPorts, type Ports } from './ports.ts'
import { makeRandom, type Random } from './random.ts'
import { makeScheduler, type Process, type Scheduler } from './scheduler.ts'
import { watchStores } from './watched-stores.ts'

/** A bug that is put into the parts before the use cases get them. */
export type Plant = (ports: Ports, backstage: Backstage) => Partial<Ports>

/** What the simulation knows about its world without asking the platform. */
export type Witness = {
  /** Leases of which a machine and its disk were taken away by the simulation. */
  readonly lost: Set<LeaseId>
  readonly poweredOff: Set<LeaseId>
  /** Whose release a client was told to be accepted. */
  readonly releaseAccepted: Set<LeaseId>
  /** Leases and tasks that a client was given, by the key of its request. */
  readonly accepted: Map<string, Set<string>>
  /** Output of a run that a living agent was told to be stored. */
  readonly ackedLog: Map<TaskId, string>
  /** Jupyter sessions, with the machine they were opened for. */
  readonly sessions: {
    readonly leaseId: LeaseId
    readonly session: string
    readonly generation: number
  }[]
  readonly problems: string[]
}

export type World = Backstage & {
  readonly random: Random
  readonly scheduler: Scheduler
  readonly queue: HintQueue
  readonly witness: Witness
  readonly trace: Trace
  /** The parts as one process sees them: slow, unreliable, and with the planted bug if there is one. */
  portsFor(process: Process): Ports
  /** The parts without faults, but with the planted bug. */
  readonly planted: Ports
  /** From now on nothing goes wrong any more. */
  calm(): void
  /** Virtual time moves the platform's clock; a jump moves it alone. */
  tick(): void
  jumpClock(ms: number): void
}

export async function makeWorld(seed: number, plant: Plant = () => ({})): Promise<World> {
  const random = makeRandom(seed)
  const scheduler = makeScheduler()
  const clock = manualClock()
  const backstage = await openPorts(clock, random.whole(0, 20_000))
  const problems: string[] = []
  const withBug = { ...backstage.ports, ...plant(backstage.ports, backstage) }
  const planted = { ...withBug, ...watchStores(withBug, backstage.memory, problems) }
  const trace = makeTrace(() => scheduler.elapsed())
  let isCalm = false
  let jumped = 0
  const around: Surroundings = {
    random,
    scheduler,
    trace: trace.add,
    rates: () => (isCalm ? noFaults : someFaults),
  }
  return {
    ...backstage,
    random,
    scheduler,
    queue: makeHintQueue(random, () => (isCalm ? 0 : 0.2)),
    witness: {
      lost: new Set(),
      poweredOff: new Set(),
      releaseAccepted: new Set(),
      accepted: new Map(),
      ackedLog: new Map(),
      sessions: [],
      problems,
    },
    trace,
    planted,
    portsFor: (process) => wrapAll(planted, process, around),
    calm() {
      isCalm = true
    },
    tick: () => clock.set(testNow + jumped + scheduler.elapsed()),
    jumpClock(ms) {
      jumped += ms
    },
  }
}

/** Pure parts stay as they are: a clock, ids and secrets cannot fail. */
const pure = new Set(['clock', 'ids', 'secrets', 'rules'])

function wrapAll(ports: Ports, process: Process, around: Surroundings): Ports {
  const wrapped = Object.entries(ports).map(([name, port]) => [
    name,
    pure.has(name) ? port : faultyPort(name, port, process, around),
  ])
  return Object.fromEntries(wrapped) as Ports
}

export type Trace = {
  readonly add: (line: string) => void
  /** Changes with every line and its time: two runs with one hash did the same. */
  hash(): string
  /** Rises with every call that may have changed something. */
  changes(): number
  recent(): readonly string[]
}

/** Calls after which everything is as it was. */
const reads =
  /[.](find|list|due|queued|standing|occupied|inspect|capacity|living|read|length|head|get|resolve)[A-Za-z]*$/

function makeTrace(elapsed: () => number): Trace {
  let state = 0x811c9dc5
  let count = 0
  let changes = 0
  const recent: string[] = []
  return {
    add(line) {
      const text = `${elapsed()} ${line}`
      for (let index = 0; index < text.length; index++)
        state = Math.imul(state ^ text.charCodeAt(index), 0x01000193)
      count++
      if (!reads.test(line)) changes++
      recent.push(text)
      if (recent.length > 60) recent.shift()
    },
    hash: () => `${(state >>> 0).toString(16)}-${count}`,
    changes: () => changes,
    recent: () => recent,
  }
}
