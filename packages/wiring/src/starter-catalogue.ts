import type {
  GpuType,
  GpuTypeName,
  ImageName,
  MachineShape,
  MachineType,
  MachineTypeName,
  PoolName,
} from '@leasehold/domain'

const gibibyte = 1_024

/** GPU types that a new installation knows; an operator changes them by the API. */
export const starterGpuTypes: readonly GpuType[] = [
  gpu('a100-80gb', 'NVIDIA A100 80GB', 80 * gibibyte, 'passthrough', 1_800_000),
  gpu('h100-80gb', 'NVIDIA H100 80GB', 80 * gibibyte, 'passthrough', 2_900_000),
  gpu('l40s-48gb', 'NVIDIA L40S 48GB', 48 * gibibyte, 'passthrough', 1_100_000),
  gpu('t4-vgpu-4gb', 'NVIDIA T4 vGPU 4GB', 4 * gibibyte, 'vgpu', 120_000),
  gpu('a100-1g-10gb', 'NVIDIA A100 MIG 1g.10gb', 10 * gibibyte, 'mig', 280_000),
]

/** Nodes are set apart for one use by this label, and by a taint of the same name and value. */
const nodeUse = 'leasehold.dev/node-use'

/**
 * The machine types that a new installation offers. `tiny` and `small` run on any computer; the
 * profiles `general`, `database`, `ai-training` and `inference-vgpu` wait for a pool that lists them.
 */
export function starterMachineTypes(localPool: PoolName): readonly MachineType[] {
  const images = ['debian-12' as ImageName]
  return [
    {
      name: 'tiny' as MachineTypeName,
      description: 'One CPU and 1 GiB: boots on any laptop.',
      shape: {
        cpu: { sockets: 1, cores: 1, threads: 1, model: 'max' },
        memoryMiB: gibibyte,
        disks: [{ role: 'system', sizeGiB: 4 }],
        gpus: [],
      },
      pricePerHourMicros: 10_000,
      pools: [localPool],
      images,
    },
    {
      name: 'small' as MachineTypeName,
      description: 'Two CPUs and 2 GiB.',
      shape: {
        cpu: { sockets: 1, cores: 2, threads: 1, model: 'max' },
        memoryMiB: 2 * gibibyte,
        disks: [{ role: 'system', sizeGiB: 10 }],
        gpus: [],
      },
      pricePerHourMicros: 20_000,
      pools: [localPool],
      images,
    },
    {
      name: 'general' as MachineTypeName,
      description:
        'Four CPUs, shared with others, and 16 GiB for everyday work; can grow while it runs.',
      shape: general,
      pricePerHourMicros: 90_000,
      pools: [],
      images,
    },
    {
      name: 'database' as MachineTypeName,
      description: 'Four CPUs of its own and 64 GiB, with separate data and log disks.',
      shape: database,
      pricePerHourMicros: 400_000,
      pools: [],
      images,
    },
    {
      name: 'ai-training' as MachineTypeName,
      description: 'Sixteen CPUs, 128 GiB and two whole GPUs.',
      shape: aiTraining,
      pricePerHourMicros: 4_200_000,
      pools: [],
      images,
    },
    {
      name: 'inference-vgpu' as MachineTypeName,
      description: 'Four CPUs, 16 GiB and a share of a GPU.',
      shape: inferenceVgpu,
      pricePerHourMicros: 230_000,
      pools: [],
      images,
    },
  ]
}

/** CPUs are promised half as often again as they are there; memory is not. */
const general: MachineShape = {
  cpu: {
    sockets: 2,
    cores: 2,
    threads: 1,
    model: 'host-model',
    maxSockets: 8,
    overcommitPercent: 150,
  },
  memoryMiB: 16 * gibibyte,
  memory: { maxMiB: 64 * gibibyte },
  disks: [{ role: 'system', sizeGiB: 40 }],
  gpus: [],
  multiQueue: { network: true, disks: true },
  onNodeDrain: 'move-if-possible',
}

/** One thread per core: the queries of a database run alone on theirs. Four CPUs make four network queues. */
const database: MachineShape = {
  cpu: {
    sockets: 1,
    cores: 4,
    threads: 1,
    model: 'host-model',
    dedicated: { numaPassthrough: false, isolatedEmulatorThread: false },
  },
  memoryMiB: 64 * gibibyte,
  memory: { hugePages: '1Gi', avoidPageMerging: true, guestSwapOff: true },
  disks: [
    { role: 'system', sizeGiB: 40 },
    { role: 'data', sizeGiB: 500 },
    { role: 'log', sizeGiB: 100 },
  ],
  gpus: [],
  multiQueue: { network: true, disks: true },
  placement: {
    nodeLabels: { [nodeUse]: 'database' },
    tolerations: [{ key: nodeUse, value: 'database', effect: 'NoSchedule' }],
    apartFrom: 'same-tenant',
  },
  critical: true,
}

/** One per node, so that each has the node's links between GPUs, its network and its disks to itself. */
const aiTraining: MachineShape = {
  cpu: {
    sockets: 1,
    cores: 8,
    threads: 2,
    model: 'host-passthrough',
    dedicated: { numaPassthrough: true, isolatedEmulatorThread: false },
  },
  memoryMiB: 128 * gibibyte,
  memory: { hugePages: '2Mi', avoidPageMerging: true, guestSwapOff: true },
  disks: [
    { role: 'system', sizeGiB: 100 },
    { role: 'data', sizeGiB: 1_000 },
  ],
  gpus: [{ type: 'a100-80gb' as GpuTypeName, count: 2 }],
  multiQueue: { network: true, disks: true },
  placement: {
    nodeLabels: { [nodeUse]: 'ai-training' },
    tolerations: [{ key: nodeUse, value: 'ai-training', effect: 'NoSchedule' }],
    apartFrom: 'same-machine-type',
  },
  critical: true,
}

const inferenceVgpu: MachineShape = {
  cpu: { sockets: 1, cores: 4, threads: 1, model: 'host-model' },
  memoryMiB: 16 * gibibyte,
  disks: [{ role: 'system', sizeGiB: 60 }],
  gpus: [{ type: 't4-vgpu-4gb' as GpuTypeName, count: 1 }],
  multiQueue: { network: true, disks: true },
}

function gpu(
  name: string,
  product: string,
  memoryMiB: number,
  mode: GpuType['mode'],
  pricePerHourMicros: number,
): GpuType {
  return { name: name as GpuTypeName, product, memoryMiB, mode, pricePerHourMicros }
}
