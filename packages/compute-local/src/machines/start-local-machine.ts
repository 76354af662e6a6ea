import { type MachineOrder, StaleGeneration } from '@leasehold/application'
import { type ImageName, vcpuCount } from '@leasehold/domain'
import { guestSeed } from '@leasehold/guest'
import type { GuestImage } from '../guest/guest-image.ts'
import { writeSeedImage } from '../guest/seed-image.ts'
import {
  diskGiBOf,
  type HostCapacity,
  hostCapacity,
  type PoolLimits,
  shapeRefusal,
} from '../host-limits.ts'
import { takePorts } from '../port-forwards.ts'
import type { Acceleration } from '../qemu/qemu-arguments.ts'
import { killQemu, startQemu } from '../qemu/qemu-process.ts'
import { QemuStartFailed } from '../qemu/start-failure.ts'
import { findMachineProcess } from './find-machine-process.ts'
import type { MachineDirectory } from './machine-directory.ts'
import { ensureDisks } from './machine-disks.ts'
import { machinePlan } from './machine-plan.ts'
import type { MachineRecord } from './machine-record.ts'

export type MachinePlace = {
  readonly directory: MachineDirectory
  /** The machines that are here beside this one. */
  readonly others: readonly MachineRecord[]
  readonly findImage: (name: ImageName) => GuestImage | null
  readonly acceleration: Acceleration
  readonly folder: string
  readonly limits: PoolLimits
}

export type StartOutcome = 'started' | 'started-before' | 'refused'

/** There is room for such a machine here, but not beside the ones that run now. Asking again later may work. */
export class PoolFull extends Error {
  constructor(what: string, asked: number, free: number) {
    super(`This pool is full: ${asked} ${what} asked, ${free} free.`)
    this.name = 'PoolFull'
  }
}

const portAttempts = 3

/**
 * Starts a machine of which the caller holds the lock. Each step is noted before it is done, so that
 * the next call, by whomever, finds out how far it got and goes on from there. A failed start throws
 * and leaves no process and no port, and no folder unless a disk was kept from before.
 */
export async function startLocalMachine(
  order: MachineOrder,
  place: MachinePlace,
  signal: AbortSignal,
): Promise<StartOutcome> {
  const { directory, acceleration } = place
  const files = directory.files(order.leaseId)
  const known = await directory.read(order.leaseId)
  await fenceOrder(order, known, directory)
  const running = known && (await findMachineProcess(files, known.phase))
  if (known?.generation === order.generation) {
    if (known.phase === 'refused') return 'refused'
    if (running !== null) {
      if (known.phase === 'starting') await directory.write({ ...known, phase: 'running' })
      return 'started-before'
    }
  }
  if (running !== null) await killQemu(running, files.pidFilePath)
  const hadDisk = known !== null && (await directory.hasSystemDisk(order.leaseId))
  const image = (hadDisk ? known.base : null) ?? place.findImage(order.image)
  const host = await hostCapacity(place.folder, place.limits, heldDiskGiB(place, known))
  const refusal =
    image === null
      ? `This pool has no image named ${order.image}.`
      : shapeRefusal(order.shape, image, host)
  const record: MachineRecord = { ...recordOf(order, known, refusal), base: image }
  if (image === null || refusal !== null) {
    await directory.write({ ...record, phase: 'refused' })
    return 'refused'
  }
  try {
    requireRoom(order, place, host, hadDisk)
    await directory.write(record)
    await ensureDisks(order.shape, image, files, signal)
    await writeSeedImage(files.seedPath, seedOf(order, image))
    await bootOnFreePorts(record, image)
    return 'started'
  } catch (error) {
    if (!hadDisk) await directory.remove(order.leaseId)
    throw error
  }

  async function bootOnFreePorts(start: MachineRecord, from: GuestImage): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const ports = await takePorts(attempt === 1 ? start.ports : null, from.hasJupyter)
      // The ports are noted first: a machine whose start was cut off is found with its address.
      await directory.write({ ...start, ports })
      try {
        const plan = machinePlan(start, ports, from, acceleration, files)
        await startQemu(plan, files.consolePath, { signal })
        return await directory.write({ ...start, ports, phase: 'running' })
      } catch (error) {
        const isTaken = error instanceof QemuStartFailed && error.code === 'port-taken'
        if (!isTaken || attempt === portAttempts) throw error
      }
    }
  }
}

/** A generation that was stopped or destroyed stays so: the next machine has a number of its own. */
async function fenceOrder(
  { leaseId, generation }: MachineOrder,
  known: MachineRecord | null,
  directory: MachineDirectory,
): Promise<void> {
  const over = await directory.fence(leaseId)
  if (over >= generation) throw new StaleGeneration(leaseId, generation, over)
  if (known !== null && known.generation > generation)
    throw new StaleGeneration(leaseId, generation, known.generation)
}

function recordOf(
  { leaseId, tenantId, generation, shape, image }: MachineOrder,
  known: MachineRecord | null,
  refusal: string | null,
): MachineRecord {
  const ports = known?.ports ?? null
  return {
    ...{ leaseId, tenantId, generation, shape, image, ports, refusal },
    base: null,
    phase: 'starting',
  }
}

function seedOf(order: MachineOrder, image: GuestImage) {
  return guestSeed({
    instanceId: order.leaseId,
    hostName: order.hostName,
    authorizedKeys: order.authorizedKeys,
    hostKey: { privateOpenSsh: order.hostKeyPrivate, publicLine: order.hostKeyPublic },
    jupyterToken: image.hasJupyter ? order.jupyterToken : null,
  })
}

function heldDiskGiB({ others }: MachinePlace, known: MachineRecord | null): number {
  const held = known === null ? others : [...others, known]
  return held.reduce((sum, record) => sum + diskGiBOf(record.shape), 0)
}

/** CPUs and memory are taken by machines that run, disk by all that are kept. */
function requireRoom(
  { shape }: MachineOrder,
  { others }: MachinePlace,
  host: HostCapacity,
  hadDisk: boolean,
): void {
  const running = others.filter((other) => other.phase === 'starting' || other.phase === 'running')
  const sum = (of: readonly MachineRecord[], amount: (shape: MachineRecord['shape']) => number) =>
    of.reduce((total, other) => total + amount(other.shape), 0)
  const freeVcpu = host.vcpu - sum(running, (other) => vcpuCount(other.cpu))
  const freeMemoryMiB = host.memoryMiB - sum(running, (other) => other.memoryMiB)
  const freeDiskGiB = host.diskGiB - sum(others, diskGiBOf)
  const vcpu = vcpuCount(shape.cpu)
  if (vcpu > freeVcpu) throw new PoolFull('CPUs', vcpu, Math.max(0, freeVcpu))
  if (shape.memoryMiB > freeMemoryMiB)
    throw new PoolFull('MiB of memory', shape.memoryMiB, Math.max(0, freeMemoryMiB))
  const diskGiB = diskGiBOf(shape)
  if (!hadDisk && diskGiB > freeDiskGiB)
    throw new PoolFull('GiB of disk', diskGiB, Math.max(0, freeDiskGiB))
}
