import type { Resources } from '@leasehold/contract'
import { type MachineShape, vcpuCount } from '@leasehold/domain'

/** What a machine of this shape takes, as clients see it. */
export function resourcesView(shape: MachineShape): Resources {
  return {
    vcpu: vcpuCount(shape.cpu),
    memoryMiB: shape.memoryMiB,
    diskGiB: shape.disks.reduce((sum, disk) => sum + disk.sizeGiB, 0),
    gpus: shape.gpus.map(({ type, count }) => ({ type, count })),
  }
}
