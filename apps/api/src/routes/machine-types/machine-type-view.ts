import type { MachineTypeReport } from '@leasehold/application'
import type { MachineType as MachineTypeBody } from '@leasehold/contract'
import { type MachineType, vcpuCount } from '@leasehold/domain'

/** Catalogue entry -> wire. It is available where an open pool has room, or cannot be asked just now. */
export function machineTypeView({ machineType, offers }: MachineTypeReport): MachineTypeBody {
  return {
    ...partsView(machineType),
    available: offers.some(({ fitsNow }) => fitsNow === null || fitsNow > 0),
    offers: offers.map(({ pool, region, fitsNow }) => ({ pool, region, fitsNow })),
  }
}

function partsView({ name, description, shape, ...more }: MachineType) {
  return {
    name,
    description,
    vcpu: vcpuCount(shape.cpu),
    cpu: { ...shape.cpu },
    memoryMiB: shape.memoryMiB,
    disks: shape.disks.map(({ role, sizeGiB }) => ({ role, sizeGiB })),
    gpus: shape.gpus.map(({ type, count }) => ({ type, count })),
    pricePerHourMicros: more.pricePerHourMicros,
    pools: [...more.pools],
    images: [...more.images],
  }
}
