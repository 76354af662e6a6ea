import { statfs } from 'node:fs/promises'
import { availableParallelism, totalmem } from 'node:os'
import { type Amounts, type MachineShape, vcpuCount } from '@leasehold/domain'
import type { GuestImage } from './guest/guest-image.ts'

/** What the operator gives to machines; what is left out follows from the host. */
export type PoolLimits = {
  /** Virtual CPUs of all machines together. */
  readonly vcpu?: number | undefined
  readonly memoryMiB?: number | undefined
  readonly diskGiB?: number | undefined
}

/** What machines may use here, and the most that one of them can have. */
export type HostCapacity = {
  readonly cpuCount: number
  readonly vcpu: number
  readonly memoryMiB: number
  /** Free now, and held. */
  readonly diskGiB: number
  /** With everything else gone. */
  readonly mostDiskGiB: number
}

const reservedMemoryMiB = 1_024
const reservedDiskGiB = 2
/** CPUs are shared in time: this many virtual ones are given out for each real one. */
const vcpusPerCpu = 4

/**
 * The capacity of this host. `heldDiskGiB` is what machines that exist were promised; it counts as
 * theirs whether they have filled it or not. Memory and disk keep a reserve for the host itself.
 */
export async function hostCapacity(
  folder: string,
  limits: PoolLimits,
  heldDiskGiB: number,
): Promise<HostCapacity> {
  const cpuCount = availableParallelism()
  const { bavail, blocks, bsize } = await statfs(folder)
  const gibibytes = (count: number) => Math.floor((count * bsize) / 1_024 ** 3)
  const hostMemoryMiB = Math.floor(totalmem() / 1_048_576) - reservedMemoryMiB
  const lessReserve = (diskGiB: number) => Math.max(0, diskGiB - reservedDiskGiB)
  const hostDiskGiB = lessReserve(gibibytes(bavail)) + heldDiskGiB
  const mostDiskGiB = Math.max(lessReserve(gibibytes(blocks)), hostDiskGiB)
  return {
    cpuCount,
    vcpu: limits.vcpu ?? cpuCount * vcpusPerCpu,
    memoryMiB: Math.max(0, Math.min(limits.memoryMiB ?? hostMemoryMiB, hostMemoryMiB)),
    diskGiB: Math.min(limits.diskGiB ?? hostDiskGiB, hostDiskGiB),
    mostDiskGiB: Math.min(limits.diskGiB ?? mostDiskGiB, mostDiskGiB),
  }
}

export function amountsOfCapacity({ vcpu, memoryMiB, diskGiB }: HostCapacity): Amounts {
  return { vcpu, 'memory-mib': memoryMiB, 'disk-gib': diskGiB }
}

/** Why a machine of this shape can never run on this host, with numbers for the renter; null when it can. Pure. */
export function shapeRefusal(
  shape: MachineShape,
  image: GuestImage,
  host: HostCapacity,
): string | null {
  const vcpu = vcpuCount(shape.cpu)
  const diskGiB = diskGiBOf(shape)
  const system = shape.disks[0]
  const leastGiB = Math.ceil(image.virtualSizeMiB / 1_024)
  if (shape.gpus.length > 0) return 'It asks for GPUs; this pool has none.'
  if (vcpu > Math.min(host.cpuCount, host.vcpu))
    return `It asks for ${vcpu} CPUs; this pool can give a machine ${Math.min(host.cpuCount, host.vcpu)}.`
  if (shape.memoryMiB > host.memoryMiB)
    return `It asks for ${shape.memoryMiB} MiB of memory; this pool has ${host.memoryMiB} MiB in all.`
  if (diskGiB > host.mostDiskGiB)
    return `It asks for ${diskGiB} GiB of disk; this pool has ${host.mostDiskGiB} GiB in all.`
  if (system?.role !== 'system') return 'Its first disk must be the system disk.'
  if (system.sizeGiB < leastGiB)
    return `Its system disk has ${system.sizeGiB} GiB; the image needs ${leastGiB} GiB.`
  return null
}

export function diskGiBOf(shape: MachineShape): number {
  return shape.disks.reduce((sum, disk) => sum + disk.sizeGiB, 0)
}
