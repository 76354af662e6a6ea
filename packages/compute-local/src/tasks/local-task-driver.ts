import { existsSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { HeldRun, Log, RunOrder, RunStart, TaskDriver } from '@leasehold/application'
import {
  assertNever,
  type ImageName,
  type MachineShape,
  type RunSighting,
  type TaskId,
} from '@leasehold/domain'
import { readAgentFiles } from '@leasehold/guest'
import type { GuestImage } from '../guest/guest-image.ts'
import { writeSeedImage } from '../guest/seed-image.ts'
import { withLock } from '../locks/with-lock.ts'
import { type FullDiskGuard, makeFullDiskGuard } from '../qemu/full-disk.ts'
import type { Acceleration } from '../qemu/qemu-arguments.ts'
import { findQemu } from '../qemu/qemu-process.ts'
import { type BringUp, endMachine, obtainSnapshot } from './bring-up.ts'
import { followMachine } from './follow-machine.ts'
import { openRunDirectory, type RunDirectory } from './run-directory.ts'
import { makeRunStarter, type RunStarter } from './run-starter.ts'
import { openSnapshotLibrary, type SnapshotLibrary } from './snapshot-library.ts'
import { machineFiles } from './task-machine.ts'
import { taskSeed, taskSeedVersion } from './task-seed.ts'

export type LocalTaskDriverOptions = {
  /** The driver's own folder, absolute; QEMU's sockets lie below it, so at most 68 characters. */
  readonly folder: string
  readonly findImage: (name: ImageName) => GuestImage | null
  /** Why this host can never run a machine of this shape, for the renter; null when it can. */
  readonly refusal: (shape: MachineShape) => string | null
  readonly acceleration: Acceleration
  /** Port of the run API on this host's loopback. */
  readonly runApiPort: number
  /** What scripts may reach; default `outside`, so that `pip install` works. */
  readonly network?: 'outside' | 'closed'
  /** How many snapshots are kept (default 6); 0 boots every run. */
  readonly snapshotsKept?: number
  readonly log: Log
}

/** How a run came up: the measure of snapshot starts. */
export type RunStartFacts = { readonly start: RunStart; readonly tookMs: number }

export type LocalTaskDriver = TaskDriver & {
  /** Null until the run's agent was told to start, and for runs that are not here. */
  startFacts(id: TaskId, attempt: number): Promise<RunStartFacts | null>
  /** Makes the snapshot for a shape ahead of its first run. `false` when runs of it will boot. */
  prepare(shape: MachineShape, image: ImageName, signal: AbortSignal): Promise<boolean>
}

/** Marks of destroyed runs outlive every worker that could still be at one. */
const marksKeptMs = 7 * 24 * 3_600_000
const snapshotRestMs = 600_000
/** 107 bytes for a unix socket's path, less `/r/<task id>/watch`. */
const maxFolderLength = 107 - 39
const busyLookMs = 100

/** Opens the driver over what it held before: machines that live are taken over as they are. */
export async function openLocalTaskDriver(
  options: LocalTaskDriverOptions,
): Promise<LocalTaskDriver> {
  const { folder, log, acceleration, runApiPort, network = 'outside' } = options
  if (folder.length > maxFolderLength)
    throw new Error(
      `The folder for task machines is longer than ${maxFolderLength} characters, too long for unix sockets below it: choose a shorter state folder (${folder}).`,
    )
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const { files, hash: agentHash } = await readAgentFiles()
  const seedPath = join(folder, `seed-${taskSeedVersion}-${agentHash.slice(0, 16)}.iso`)
  if (!existsSync(seedPath)) await writeSeedImage(seedPath, taskSeed(files))
  const runs = await openRunDirectory(folder)
  await runs.forgetMarks(marksKeptMs)
  const library = await openLibrary(options)
  const bringUpOf = (image: GuestImage): BringUp => {
    const setting = { image, acceleration, seedPath, network, runApiPort }
    return { setting, agentHash, library, log }
  }
  const driver = new Driver(options, runs, library, bringUpOf)
  await driver.takeOver()
  return driver
}

function openLibrary({ folder, log, snapshotsKept: kept = 6 }: LocalTaskDriverOptions) {
  if (kept === 0) return null
  const reclaim = (left: string) => endMachine(machineFiles(left))
  const place = join(folder, 's')
  return openSnapshotLibrary({ folder: place, kept, restMs: snapshotRestMs, reclaim, log })
}

class Driver implements LocalTaskDriver {
  readonly kind = 'local'
  readonly #options: LocalTaskDriverOptions
  readonly #runs: RunDirectory
  readonly #library: SnapshotLibrary | null
  readonly #bringUpOf: (image: GuestImage) => BringUp
  readonly #starter: RunStarter
  readonly #listeners = new Set<(id: TaskId) => void>()
  readonly #closing = new AbortController()
  readonly #fullDisk: FullDiskGuard

  constructor(
    options: LocalTaskDriverOptions,
    runs: RunDirectory,
    library: SnapshotLibrary | null,
    bringUpOf: (image: GuestImage) => BringUp,
  ) {
    const { findImage, refusal, log } = options
    this.#options = options
    this.#runs = runs
    this.#library = library
    this.#bringUpOf = bringUpOf
    this.#fullDisk = makeFullDiskGuard(log, (id) => this.#tell(id as TaskId))
    this.#starter = makeRunStarter({
      ...{ runs, findImage, refusal, bringUpOf, log },
      onStarted: (id) => this.#follow(id),
      onSettled: (id) => this.#tell(id),
    })
  }

  async takeOver(): Promise<void> {
    for (const id of await this.#runs.list()) {
      const note = await this.#runs.read(id)
      if (note !== null && note !== 'damaged' && note.phase === 'started') this.#follow(id)
    }
  }

  startRun(order: RunOrder, signal: AbortSignal): Promise<void> {
    return this.#starter.start(order, signal)
  }

  async destroyRun(id: TaskId, attempt: number, signal: AbortSignal): Promise<void> {
    if (!(await this.#starter.callOff(id, attempt))) return
    await withLock(this.#runs.folderOf(id), signal, async () => {
      await this.#runs.markDestroyed(id, attempt)
      const known = await this.#runs.read(id)
      if (known !== null && known !== 'damaged' && known.attempt > attempt) return
      await endMachine(this.#filesOf(id))
      await this.#runs.remove(id)
    })
    this.#tell(id)
  }

  async inspectRun(id: TaskId, attempt: number, signal: AbortSignal): Promise<RunSighting> {
    try {
      signal.throwIfAborted()
      if (this.#starter.attemptInProgress(id) === attempt) return { kind: 'present' }
      return await this.#see(id, attempt)
    } catch (error) {
      this.#options.log.warn({ taskId: id, attempt, err: error }, 'run could not be seen')
      return { kind: 'unknown' }
    }
  }

  async #see(id: TaskId, attempt: number): Promise<RunSighting> {
    const note = await this.#runs.read(id)
    if (note === null) return { kind: 'absent' }
    const lives = (await findQemu(this.#filesOf(id).pid)) !== null
    if (note === 'damaged') return { kind: lives ? 'present' : 'absent' }
    if (note.attempt !== attempt) return { kind: 'absent' }
    switch (note.phase) {
      case 'refused':
        return { kind: 'refused', detail: note.detail ?? 'It cannot run here.' }
      case 'started':
        if (!lives) return { kind: 'absent' }
        await this.#fullDisk.standsStill(id, this.#filesOf(id).qmpSocket, this.#closing.signal)
        return { kind: 'present' }
      case 'starting':
        return this.#seeCutOff(id)
      default:
        return assertNever(note.phase)
    }
  }

  /** A start that is not ours: another process is at it, or one that has ended was. Then what is left of it goes. */
  async #seeCutOff(id: TaskId): Promise<RunSighting> {
    const soon = AbortSignal.timeout(busyLookMs)
    try {
      return await withLock(this.#runs.folderOf(id), soon, async () => {
        const note = await this.#runs.read(id)
        if (note !== null && note !== 'damaged' && note.phase === 'started')
          return { kind: 'present' }
        await endMachine(this.#filesOf(id))
        await this.#runs.remove(id)
        return { kind: 'absent' }
      })
    } catch (error) {
      if (soon.aborted) return { kind: 'present' }
      throw error
    }
  }

  async listRuns(signal: AbortSignal): Promise<readonly HeldRun[]> {
    signal.throwIfAborted()
    const ids = await this.#runs.list()
    const held = ids.map(async (taskId): Promise<HeldRun> => {
      const note = await this.#runs.read(taskId)
      return { taskId, attempt: note === null || note === 'damaged' ? 0 : note.attempt }
    })
    return Promise.all(held)
  }

  async watch(onChange: (id: TaskId) => void, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return
    this.#listeners.add(onChange)
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    this.#listeners.delete(onChange)
  }

  async startFacts(id: TaskId, attempt: number): Promise<RunStartFacts | null> {
    const note = await this.#runs.read(id)
    if (note === null || note === 'damaged' || note.attempt !== attempt) return null
    const { start, tookMs } = note
    return start === null || tookMs === null ? null : { start, tookMs }
  }

  async prepare(shape: MachineShape, name: ImageName, signal: AbortSignal): Promise<boolean> {
    const image = this.#options.findImage(name)
    if (image === null || this.#closing.signal.aborted) return false
    const ends = AbortSignal.any([signal, this.#closing.signal])
    return (await obtainSnapshot(this.#bringUpOf(image), shape, ends)) !== null
  }

  /** Machines run on; starts that are not finished are called off and asked for again later. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#fullDisk.close()
    await this.#starter.close()
    await this.#library?.close()
  }

  #filesOf(id: TaskId) {
    return machineFiles(this.#runs.folderOf(id))
  }

  #follow(id: TaskId): void {
    const followed = followMachine(this.#filesOf(id), this.#closing.signal)
    void followed.catch(() => {}).then(() => this.#tell(id))
  }

  #tell(id: TaskId): void {
    for (const listener of [...this.#listeners]) listener(id)
  }
}
