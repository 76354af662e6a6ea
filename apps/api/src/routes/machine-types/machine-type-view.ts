import type { MachineTypeReport } from '@leasehold/application'
import type { MachineType as MachineTypeBody, PutMachineTypeBody } from '@leasehold/contract'
import { type MachineShape, type MachineType, vcpuCount } from '@leasehold/domain'

/** Catalogue entry -> wire. It is available where an open pool has room, or cannot be asked just now. */
export function machineTypeView({ machineType, offers }: MachineTypeReport): MachineTypeBody {
  const known = offers.map(({ fitsNow }) => fitsNow).filter((fitsNow) => fitsNow !== null)
  return {
    ...partsView(machineType),
    available: offers.some(({ fitsNow }) => fitsNow === null || fitsNow > 0),
    largestFit: known.length === 0 ? null : Math.max(...known),
    offers: offers.map((offer) => ({ ...offer })),
  }
}

function partsView({ name, description, shape, ...more }: MachineType) {
  return {
    name,
    description,
    vcpu: vcpuCount(shape.cpu),
    ...shapeView(shape),
    pricePerHourMicros: more.pricePerHourMicros,
    pools: [...more.pools],
    images: [...more.images],
  }
}

type ShapeBody = Pick<MachineTypeBody, 'cpu' | 'memoryMiB' | 'disks' | 'gpus'> &
  Pick<PutMachineTypeBody, 'memory' | 'multiQueue' | 'placement' | 'onNodeDrain' | 'critical'>

/** Field for field the same: read-only inside, a copy of their own for clients. */
function shapeView(shape: MachineShape): ShapeBody {
  const wire: ReadonlyDeep<ShapeBody> = shape
  return structuredClone(wire) as ShapeBody
}

type ReadonlyDeep<Value> = Value extends string | number | boolean | undefined
  ? Value
  : { readonly [Key in keyof Value]: ReadonlyDeep<Value[Key]> }
