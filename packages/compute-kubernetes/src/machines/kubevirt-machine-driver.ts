import { setTimeout as sleep } from 'node:timers/promises'
import type {
  Clock,
  HeldMachine,
  Log,
  MachineDriver,
  MachineOrder,
  Pause,
  PoolCapacity,
} from '@leasehold/application'
import type { LeaseId, MachineSighting } from '@leasehold/domain'
import { guestSshPort } from '@leasehold/guest'
import type { KubeClient } from '../client/kube-client.ts'
import { readConsoleLog } from './console-log.ts'
import { destroyMachine } from './destroy-machine.ts'
import { dialPodNetwork } from './dial-machine.ts'
import { stopMachine } from './end-machine.ts'
import { makeGenerationFence } from './generation-fence.ts'
import { makeLeaseTurns } from './lease-turns.ts'
import { type MachineCaches, openMachineCaches } from './machine-caches.ts'
import { makeMachineNotes } from './machine-notes.ts'
import type { MachineParts } from './machine-parts.ts'
import { generationOf, isLeaving, type MachineView } from './machine-view.ts'
import type { MachineSettings } from './manifest-settings.ts'
import { makeSeedStore } from './seed-store.ts'
import { addressOf, sightingFromCluster } from './sighting-from-cluster.ts'
import { makeSightingWatch, type SightingWatch } from './sighting-watch.ts'
import { type Dial, makeSshReadiness, type SshReadiness } from './ssh-readiness.ts'
import { startMachine } from './start-machine.ts'

export type KubeVirtMachineDriverOptions = {
  readonly client: KubeClient
  readonly settings: MachineSettings
  readonly capacity: (signal: AbortSignal) => Promise<PoolCapacity>
  readonly log: Log
  readonly clock?: Clock
  /** How to reach a machine, to see whether SSH answers. Absent: over the pod network. */
  readonly dial?: Dial
  readonly pause?: Pause
}

/**
 * Machines as KubeVirt's VirtualMachines. Opens at once, whether the cluster answers or not: until its caches are
 * filled everything is `unknown`.
 */
export function openKubeVirtMachineDriver(options: KubeVirtMachineDriverOptions): MachineDriver {
  return new KubeVirtMachineDriver(options)
}

/** A seed follows its machine within a moment, unless the process that made both died in between. */
const seedMs = 5_000

class KubeVirtMachineDriver implements MachineDriver {
  readonly kind = 'kubernetes'
  readonly #options: KubeVirtMachineDriverOptions
  readonly #clock: Clock
  readonly #closing = new AbortController()
  readonly #turns = makeLeaseTurns()
  readonly #caches: MachineCaches
  readonly #parts: MachineParts
  readonly #ssh: SshReadiness
  readonly #watch: SightingWatch

  constructor(options: KubeVirtMachineDriverOptions) {
    const { client, settings, log, clock = { now: Date.now } } = options
    const { dial = dialPodNetwork, pause = pauseFor } = options
    const { signal } = this.#closing
    const now = () => clock.now()
    this.#options = options
    this.#clock = clock
    this.#watch = makeSightingWatch((id) => this.#pictureOf(id), signal)
    const onChange = (id: LeaseId) => this.#watch.changed(id)
    this.#ssh = makeSshReadiness({ dial, pause, now, signal, onAnswer: onChange })
    const onGone = (uid: string) => {
      this.#ssh.forget(uid)
      this.#parts.seeds.forget(uid)
    }
    this.#caches = openMachineCaches(client, settings, { onChange, onGone }, now, signal)
    const { systemNamespace: namespace, name: pool } = settings
    this.#parts = {
      client,
      settings,
      log,
      clock,
      pause,
      caches: this.#caches,
      fence: makeGenerationFence({ client, namespace, pool, now, log }),
      notes: makeMachineNotes(now),
      seeds: makeSeedStore(client, settings),
    }
  }

  capacity(signal: AbortSignal): Promise<PoolCapacity> {
    return this.#options.capacity(signal)
  }

  async startMachine(order: MachineOrder, signal: AbortSignal): Promise<void> {
    const { leaseId, generation } = order
    try {
      const start = () => startMachine(this.#parts, order, signal)
      const outcome = await this.#turns(leaseId, start)
      if (outcome === 'started-before') return
      this.#options.log.info({ leaseId, generation, outcome }, 'machine asked')
    } finally {
      this.#watch.tell(leaseId)
    }
  }

  async stopMachine(
    id: LeaseId,
    generation: number,
    how: 'graceful' | 'forced',
    signal: AbortSignal,
  ): Promise<void> {
    await this.#turns(id, () => stopMachine(this.#parts, id, generation, how, signal))
    this.#watch.changed(id)
  }

  async destroyMachine(id: LeaseId, generation: number, signal: AbortSignal): Promise<void> {
    await this.#turns(id, () => destroyMachine(this.#parts, id, generation, signal))
    this.#watch.changed(id)
  }

  async inspectMachine(
    id: LeaseId,
    generation: number,
    signal: AbortSignal,
  ): Promise<MachineSighting> {
    if (!this.#caches.isFresh()) return { kind: 'unknown' }
    const view = this.#caches.view(id)
    const sighting = this.#see(id, view, generation)
    if (sighting.kind === 'absent') return this.#parts.notes.sighting(id, generation) ?? sighting
    if (sighting.kind !== 'booting') return sighting
    this.#askForSsh(id, view)
    return (await this.#lacksSeed(id, view, signal)) ? { kind: 'absent', disk: 'kept' } : sighting
  }

  #see(id: LeaseId, view: MachineView, generation: number): MachineSighting {
    return sightingFromCluster(view, {
      generation,
      now: this.#clock.now(),
      aloneSince: this.#caches.aloneSince(id),
      isNodeLost: (name) => this.#caches.isNodeLost(name),
      sshAnswers: (uid) => this.#ssh.answers(uid),
      gpuTypeOf: (resourceName) => this.#gpuTypeOf(resourceName),
    })
  }

  #gpuTypeOf(resourceName: string): string | null {
    const known = Object.entries(this.#options.settings.gpus)
    const found = known.find(
      ([, gpu]) => gpu.by === 'device-plugin' && gpu.resourceName === resourceName,
    )
    return found?.[0] ?? null
  }

  #askForSsh(id: LeaseId, view: MachineView): void {
    const { instance } = view
    if (instance?.status?.phase !== 'Running') return
    const { uid, name, namespace = '' } = instance.metadata
    const host = addressOf(view)
    if (host !== null) this.#ssh.ask(id, uid, { namespace, name, host, port: guestSshPort })
  }

  /** A machine whose seed was never written would boot for ever: to be started once more is what it needs. */
  async #lacksSeed(id: LeaseId, view: MachineView, signal: AbortSignal): Promise<boolean> {
    const { machine, instance } = view
    if (machine === null || isLeaving(machine) || instance?.status?.phase === 'Running')
      return false
    const age = this.#clock.now() - Date.parse(machine.metadata.creationTimestamp ?? '')
    if (!(age >= seedMs)) return false
    try {
      return !(await this.#parts.seeds.has(id, machine, signal))
    } catch (error) {
      this.#options.log.warn({ leaseId: id, err: error }, 'seed of a machine could not be seen')
      return false
    }
  }

  async listMachines(signal: AbortSignal): Promise<readonly HeldMachine[]> {
    signal.throwIfAborted()
    if (!this.#caches.isFresh())
      throw new Error(`Pool ${this.#options.settings.name} cannot be seen just now; try again`)
    return this.#caches.leases().map((leaseId) => {
      const { machine } = this.#caches.view(leaseId)
      // What a deleted machine left behind has no mark; nothing was started under 0.
      return { leaseId, generation: (machine && generationOf(machine)) ?? 0 }
    })
  }

  watch(onChange: (id: LeaseId) => void, signal: AbortSignal): Promise<void> {
    return this.#watch.listen(onChange, signal)
  }

  consoleLog(id: LeaseId, maxBytes: number): Promise<string> {
    return readConsoleLog(this.#options.client, this.#caches.view(id).pods, maxBytes)
  }

  /** Machines run on; the client belongs to whoever opened it. */
  async close(): Promise<void> {
    this.#closing.abort()
  }

  #pictureOf(id: LeaseId): string | null {
    const view = this.#caches.view(id)
    const { machine, instance, pods, claims } = view
    if (machine === null && instance === null && pods.length + claims.length === 0) return null
    const sighting = this.#see(id, view, (machine && generationOf(machine)) ?? 0)
    return JSON.stringify([machine?.metadata.uid, sighting])
  }
}

const pauseFor: Pause = async (ms, signal) => {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => {})
}
