import type {
  GpuType,
  GpuTypeName,
  ImageName,
  MachineShape,
  MachineType,
  MachineTypeName,
  PoolName,
} from '@leasehold/domain'

/** One CPU, 1024 MiB, 4 GiB, no GPU. */
export function aShape(facts: Partial<MachineShape> = {}): MachineShape {
  return {
    cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
    memoryMiB: 1_024,
    disks: [{ role: 'system', sizeGiB: 4 }],
    gpus: [],
    ...facts,
  }
}

/** `tiny`, offered by the pool `local` with the image `debian-12`. */
export function aMachineType(facts: Partial<MachineType> = {}): MachineType {
  return {
    name: 'tiny' as MachineTypeName,
    description: 'One CPU for trying things out.',
    shape: aShape(),
    pricePerHourMicros: 36_000,
    pools: ['local' as PoolName],
    images: ['debian-12' as ImageName],
    ...facts,
  }
}

export function aGpuType(facts: Partial<GpuType> = {}): GpuType {
  return {
    name: 'h100-80gb' as GpuTypeName,
    product: 'NVIDIA H100 80GB',
    memoryMiB: 81_920,
    mode: 'passthrough',
    pricePerHourMicros: 2_900_000,
    ...facts,
  }
}
