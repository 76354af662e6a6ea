import {
  type Clock,
  type MachineDriver,
  type MachineOrder,
  StaleGeneration,
} from '@leasehold/application'
import {
  type Amounts,
  amountsOfShape,
  findLack,
  type Instant,
  type LeaseId,
  type MachineObstacle,
  type MachineSighting,
} from '@leasehold/domain'
import { makeWatchers } from './watchers.ts'

type FakeMachine = {
  readonly order: MachineOrder
  readonly power: 'on' | 'off'
  readonly bootedAt: Instant
  /** Set when it can never run here; nothing runs and nothing is stored then. */
  readonly refusal: string | null
}

export type FakeMachineDriverOptions = {
  readonly clock: Clock
  readonly total?: Amounts
  /** How long a machine takes until SSH answers; 0 means at once. */
  readonly bootMs?: number
}

export type FakeMachineDriver = MachineDriver & {
  /** The guest shuts itself down and its disk stays. */
  powerOff(id: LeaseId): void
  /** Machine and disk are gone, as after a fire. */
  lose(id: LeaseId): void
  /** While true the driver cannot tell anything about anything. */
  blind(isBlind: boolean): void
  /** Something is in the way of the lease's machine: it boots until this is null again. */
  obstruct(id: LeaseId, obstacle: MachineObstacle | null): void
  /** Machines that run now. */
  running(): readonly MachineOrder[]
  /** Forgets which generations are over, as a driver without memory would. */
  forgetFences(): void
  isRunning(id: LeaseId): boolean
  /** What the lease's machine was made from; null when nothing of it is left. */
  order(id: LeaseId): MachineOrder | null
  readonly total: Amounts
}

export const fakeTotal: Amounts = { vcpu: 8, 'memory-mib': 16_384, 'disk-gib': 200 }

/** A place for machines that keeps every promise of the port and boots by the clock it is given. */
export function fakeMachineDriver(options: FakeMachineDriverOptions): FakeMachineDriver {
  const { clock, total = fakeTotal, bootMs = 0 } = options
  const machines = new Map<LeaseId, FakeMachine>()
  /** The youngest generation that is over: it and all before it never start again. */
  const over = new Map<LeaseId, number>()
  const obstacles = new Map<LeaseId, MachineObstacle>()
  const watchers = makeWatchers<LeaseId>()
  let isBlind = false

  const requireYoungest = (id: LeaseId, generation: number) => {
    const known = machines.get(id)?.order.generation ?? 0
    if (generation < known) throw new StaleGeneration(id, generation, known)
  }
  const endGeneration = (id: LeaseId, generation: number) =>
    over.set(id, Math.max(generation, over.get(id) ?? 0))

  return {
    kind: 'local',
    total,
    capacity: async () => ({ total }),
    async startMachine(order) {
      const { leaseId, generation } = order
      requireYoungest(leaseId, generation)
      if (generation <= (over.get(leaseId) ?? 0))
        throw new StaleGeneration(leaseId, generation, over.get(leaseId) ?? 0)
      const known = machines.get(leaseId)
      if (known?.order.generation === generation && (known.power === 'on' || known.refusal)) return
      const lack = findLack(amountsOfShape(order.shape), total)
      machines.set(leaseId, {
        order,
        power: lack === null ? 'on' : 'off',
        bootedAt: clock.now() + bootMs,
        refusal: lack && `needs ${lack.asked} ${lack.resource}, this host has ${lack.free}`,
      })
      watchers.tell(leaseId)
    },
    async stopMachine(id, generation) {
      requireYoungest(id, generation)
      endGeneration(id, generation)
      const known = machines.get(id)
      if (known?.power === 'on') machines.set(id, { ...known, power: 'off' })
      watchers.tell(id)
    },
    async destroyMachine(id, generation) {
      requireYoungest(id, generation)
      endGeneration(id, generation)
      machines.delete(id)
      watchers.tell(id)
    },
    async inspectMachine(id, generation): Promise<MachineSighting> {
      if (isBlind) return { kind: 'unknown' }
      const seen = sight(machines.get(id), generation, clock.now())
      const obstacle = obstacles.get(id)
      const isOn = seen.kind === 'booting' || seen.kind === 'running'
      return obstacle !== undefined && isOn ? { kind: 'booting', obstacle } : seen
    },
    async listMachines() {
      return [...machines.values()].map(({ order: { leaseId, generation } }) => ({
        leaseId,
        generation,
      }))
    },
    watch: watchers.watch,
    consoleLog: async (id) => (machines.has(id) ? `console of ${id}\n` : ''),
    close: async () => {},
    powerOff(id) {
      const known = machines.get(id)
      if (known !== undefined) machines.set(id, { ...known, power: 'off' })
      watchers.tell(id)
    },
    lose(id) {
      machines.delete(id)
      watchers.tell(id)
    },
    blind(next) {
      isBlind = next
    },
    obstruct(id, obstacle) {
      if (obstacle === null) obstacles.delete(id)
      else obstacles.set(id, obstacle)
      watchers.tell(id)
    },
    running: () =>
      [...machines.values()]
        .filter((machine) => machine.power === 'on')
        .map((machine) => machine.order),
    forgetFences: () => over.clear(),
    isRunning: (id) => machines.get(id)?.power === 'on',
    order: (id) => machines.get(id)?.order ?? null,
  }
}

function sight(
  machine: FakeMachine | undefined,
  generation: number,
  now: Instant,
): MachineSighting {
  if (machine === undefined) return { kind: 'absent', disk: 'none' }
  // What an older generation left is its disk; a refusal speaks of its own generation only.
  if (machine.order.generation < generation)
    return machine.power === 'on'
      ? { kind: 'booting' }
      : { kind: 'absent', disk: machine.refusal === null ? 'kept' : 'none' }
  if (machine.refusal !== null) return { kind: 'refused', detail: machine.refusal }
  if (machine.power === 'off') return { kind: 'absent', disk: 'kept' }
  if (now < machine.bootedAt) return { kind: 'booting' }
  const sshPort = 20_000 + (hash(machine.order.leaseId) % 10_000)
  return { kind: 'running', address: { host: '127.0.0.1', sshPort, jupyterPort: sshPort + 10_000 } }
}

function hash(text: string): number {
  return [...text].reduce((sum, char) => (sum * 31 + char.charCodeAt(0)) % 1_000_003, 7)
}
