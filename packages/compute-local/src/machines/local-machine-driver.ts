import {
  type HeldMachine,
  type Log,
  type MachineDriver,
  type MachineOrder,
  type PoolCapacity,
  StaleGeneration,
} from '@leasehold/application'
import type { ImageName, LeaseId, MachineSighting } from '@leasehold/domain'
import type { GuestImage } from '../guest/guest-image.ts'
import { amountsOfCapacity, diskGiBOf, hostCapacity, type PoolLimits } from '../host-limits.ts'
import { withLock } from '../locks/with-lock.ts'
import { consoleTail } from '../qemu/console-log.ts'
import { type FullDiskGuard, makeFullDiskGuard } from '../qemu/full-disk.ts'
import type { Acceleration } from '../qemu/qemu-arguments.ts'
import { killQemu } from '../qemu/qemu-process.ts'
import { findMachineProcess } from './find-machine-process.ts'
import { type MachineDirectory, openMachineDirectory } from './machine-directory.ts'
import { makeReadiness, type Readiness } from './machine-readiness.ts'
import type { MachineRecord } from './machine-record.ts'
import { type MachineWatch, makeMachineWatch } from './machine-watch.ts'
import { makePowerDown } from './power-down.ts'
import { startLocalMachine } from './start-local-machine.ts'

export type LocalMachineDriverOptions = {
  /** The driver's own folder, absolute. */
  readonly folder: string
  readonly findImage: (name: ImageName) => GuestImage | null
  readonly acceleration: Acceleration
  readonly limits: PoolLimits
  readonly log: Log
}

const fencesKeptMs = 7 * 24 * 3_600_000

/** Opens the driver over what it held before: machines that run are taken over as they are. */
export async function openLocalMachineDriver(
  options: LocalMachineDriverOptions,
): Promise<MachineDriver> {
  const directory = await openMachineDirectory(options.folder)
  await directory.pruneFences(fencesKeptMs)
  const driver = new LocalMachineDriver(options, directory)
  await driver.takeOver()
  return driver
}

class LocalMachineDriver implements MachineDriver {
  readonly kind = 'local'
  readonly #options: LocalMachineDriverOptions
  readonly #directory: MachineDirectory
  readonly #watch: MachineWatch
  readonly #answers: Readiness = makeReadiness()
  readonly #powerDown = makePowerDown()
  readonly #fullDisk: FullDiskGuard

  constructor(options: LocalMachineDriverOptions, directory: MachineDirectory) {
    this.#options = options
    this.#directory = directory
    this.#watch = makeMachineWatch({
      watchSocketOf: (id) => directory.files(id).watchSocketPath,
      isReady: (id, signal) => this.#isReady(id, signal),
    })
    this.#fullDisk = makeFullDiskGuard(options.log, (id) => this.#watch.tell(id as LeaseId))
  }

  async takeOver(): Promise<void> {
    for (const id of await this.#directory.list()) {
      const process = await this.#processOf(id).catch(() => null)
      if (process !== null) this.#watch.follow(id)
    }
  }

  async capacity(signal: AbortSignal): Promise<PoolCapacity> {
    signal.throwIfAborted()
    const { folder, limits } = this.#options
    const held = await this.#records()
    const heldDiskGiB = held.reduce((sum, record) => sum + diskGiBOf(record.shape), 0)
    return { total: amountsOfCapacity(await hostCapacity(folder, limits, heldDiskGiB)) }
  }

  async startMachine(order: MachineOrder, signal: AbortSignal): Promise<void> {
    const { leaseId } = order
    await this.#alone(leaseId, signal, async () => {
      const { findImage, acceleration, folder, limits, log } = this.#options
      const others = (await this.#records()).filter((record) => record.leaseId !== leaseId)
      const place = { directory: this.#directory, others, findImage, acceleration, folder, limits }
      const outcome = await startLocalMachine(order, place, signal)
      const { generation } = order
      if (outcome !== 'started-before') log.info({ leaseId, generation, outcome }, 'machine asked')
      if (outcome !== 'refused') this.#watch.follow(leaseId)
    })
    this.#watch.tell(leaseId)
  }

  async stopMachine(
    id: LeaseId,
    generation: number,
    how: 'graceful' | 'forced',
    signal: AbortSignal,
  ): Promise<void> {
    await this.#alone(id, signal, async () => {
      const record = await this.#directory.read(id)
      if (record !== null) fence(record, generation)
      await this.#directory.raiseFence(id, generation)
      if (record === null || record.phase === 'destroying') return
      if (record.phase !== 'stopping') await this.#directory.write({ ...record, phase: 'stopping' })
      const process = await findMachineProcess(this.#directory.files(id), record.phase)
      if (process === null) return
      const { qmpSocketPath, pidFilePath } = this.#directory.files(id)
      if (how === 'graceful') return this.#powerDown(process, qmpSocketPath, signal)
      await killQemu(process, pidFilePath)
      this.#options.log.info({ leaseId: id, generation }, 'machine killed')
    })
    this.#watch.tell(id)
  }

  async destroyMachine(id: LeaseId, generation: number, signal: AbortSignal): Promise<void> {
    await this.#alone(id, signal, async () => {
      const record = await this.#directory.read(id)
      if (record !== null) fence(record, generation)
      // The fence is up before anything goes: from here on no late order can bring the machine back.
      await this.#directory.raiseFence(id, generation)
      if (record !== null) await this.#directory.write({ ...record, phase: 'destroying' })
      const process = await findMachineProcess(this.#directory.files(id), 'starting')
      if (process !== null)
        await killQemu(process, this.#directory.files(id).pidFilePath, { graceMs: 0 })
      await this.#directory.remove(id)
      if (record !== null) this.#options.log.info({ leaseId: id, generation }, 'machine destroyed')
    })
    this.#watch.tell(id)
  }

  async inspectMachine(
    id: LeaseId,
    generation: number,
    signal: AbortSignal,
  ): Promise<MachineSighting> {
    try {
      signal.throwIfAborted()
      return await this.#see(id, generation, signal)
    } catch (error) {
      this.#options.log.warn({ leaseId: id, generation, err: error }, 'machine could not be seen')
      return { kind: 'unknown' }
    }
  }

  async #see(id: LeaseId, generation: number, signal: AbortSignal): Promise<MachineSighting> {
    const record = await this.#directory.read(id)
    if (record === null) return { kind: 'absent', disk: 'none' }
    const isThis = record.generation === generation
    if (isThis && record.phase === 'refused')
      return { kind: 'refused', detail: record.refusal ?? 'It cannot run here.' }
    const process = await findMachineProcess(this.#directory.files(id), record.phase)
    if (process === null || record.generation > generation)
      return { kind: 'absent', disk: await this.#diskOf(record) }
    // An older generation that still runs is in the way: the next start ends it.
    if (!isThis) return { kind: 'booting' }
    const { ports } = record
    const answers = await this.#answers(process, ports, signal)
    signal.throwIfAborted()
    if (ports === null || !answers) {
      const { qmpSocketPath } = this.#directory.files(id)
      const standsStill = await this.#fullDisk.standsStill(id, qmpSocketPath, signal)
      return { kind: standsStill ? 'unknown' : 'booting' }
    }
    const address = { host: '127.0.0.1', sshPort: ports.ssh, jupyterPort: ports.jupyter }
    return { kind: 'running', address }
  }

  /** A folder on its way out still holds something until it is gone. */
  async #diskOf(record: MachineRecord): Promise<'none' | 'kept'> {
    if (record.phase === 'destroying') return 'kept'
    return (await this.#directory.hasSystemDisk(record.leaseId)) ? 'kept' : 'none'
  }

  async listMachines(signal: AbortSignal): Promise<readonly HeldMachine[]> {
    signal.throwIfAborted()
    return (await this.#records()).map(({ leaseId, generation }) => ({ leaseId, generation }))
  }

  watch(onChange: (id: LeaseId) => void, signal: AbortSignal): Promise<void> {
    return this.#watch.listen(onChange, signal)
  }

  consoleLog(id: LeaseId, maxBytes: number): Promise<string> {
    return consoleTail(this.#directory.files(id).consolePath, maxBytes)
  }

  /** Machines run on; the next driver over this folder takes them over. */
  async close(): Promise<void> {
    this.#watch.close()
    this.#fullDisk.close()
  }

  async #records(): Promise<readonly MachineRecord[]> {
    const records: MachineRecord[] = []
    for (const id of await this.#directory.list()) {
      try {
        const record = await this.#directory.read(id)
        if (record !== null) records.push(record)
      } catch (error) {
        this.#options.log.error({ leaseId: id, err: error }, 'state of a machine is unreadable')
      }
    }
    return records
  }

  async #processOf(id: LeaseId) {
    const record = await this.#directory.read(id)
    return record === null ? null : findMachineProcess(this.#directory.files(id), record.phase)
  }

  async #isReady(id: LeaseId, signal: AbortSignal): Promise<boolean> {
    const record = await this.#directory.read(id)
    const process = record && (await findMachineProcess(this.#directory.files(id), record.phase))
    return record !== null && process !== null && this.#answers(process, record.ports, signal)
  }

  #alone<Result>(id: LeaseId, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    return withLock(this.#directory.files(id).folder, signal, work)
  }
}

function fence(record: MachineRecord, generation: number): void {
  if (record.generation > generation)
    throw new StaleGeneration(record.leaseId, generation, record.generation)
}
