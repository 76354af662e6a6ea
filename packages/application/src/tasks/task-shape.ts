import {
  DomainError,
  type GpuDemand,
  type GpuTypeName,
  type MachineShape,
  type MachineTypeName,
  type PoolName,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Pools } from '../ports/pools.ts'

/** What a task asks for: a machine type, or parts of its own. Null parts take the least that is useful. */
export type TaskResources = {
  readonly machineType: MachineTypeName | null
  readonly vcpus: number | null
  readonly memoryMiB: number | null
  readonly diskGiB: number | null
  readonly gpus: readonly GpuDemand[]
}

export type TaskPlace = {
  readonly shape: MachineShape
  readonly pricePerHourMicros: number
  readonly candidates: readonly PoolName[]
}

/** Shape, price and possible pools of a task. A shape without a machine type costs what its GPUs cost. */
export async function shapeOfTask(
  catalogue: Pick<CatalogueStore, 'findMachineType' | 'findGpuType'>,
  pools: Pools,
  wish: TaskResources,
): Promise<TaskPlace> {
  if (wish.machineType !== null) return placeOfType(catalogue, wish, wish.machineType)
  const shape: MachineShape = {
    cpu: { sockets: 1, cores: wish.vcpus ?? 1, threads: 1, model: 'host-model' },
    memoryMiB: wish.memoryMiB ?? 1_024,
    disks: [{ role: 'system', sizeGiB: wish.diskGiB ?? 4 }],
    gpus: wish.gpus,
  }
  const prices = await Promise.all(
    wish.gpus.map(async (gpu) => gpu.count * (await priceOfGpu(catalogue, gpu.type))),
  )
  return {
    shape,
    pricePerHourMicros: prices.reduce((sum, price) => sum + price, 0),
    candidates: pools.all().map((pool) => pool.name),
  }
}

async function placeOfType(
  catalogue: Pick<CatalogueStore, 'findMachineType'>,
  wish: TaskResources,
  name: MachineTypeName,
): Promise<TaskPlace> {
  const { vcpus, memoryMiB, diskGiB, gpus } = wish
  if (vcpus !== null || memoryMiB !== null || diskGiB !== null || gpus.length > 0)
    throw new DomainError(
      'request/invalid',
      'Give a machine type, or CPU, memory, disk and GPUs, not both.',
      {},
      '/machineType',
    )
  const machineType = await catalogue.findMachineType(name)
  if (machineType === null)
    throw new DomainError(
      'machine-type/not-found',
      `There is no machine type ${name}.`,
      { machineType: name },
      '/machineType',
    )
  const { shape, pricePerHourMicros, pools: candidates } = machineType
  return { shape, pricePerHourMicros, candidates }
}

async function priceOfGpu(
  catalogue: Pick<CatalogueStore, 'findGpuType'>,
  name: GpuTypeName,
): Promise<number> {
  const gpuType = await catalogue.findGpuType(name)
  if (gpuType !== null) return gpuType.pricePerHourMicros
  throw new DomainError(
    'gpu-type/not-found',
    `There is no GPU type ${name}.`,
    { gpuType: name },
    '/gpus',
  )
}
