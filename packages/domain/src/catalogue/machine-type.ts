import type { GpuTypeName, ImageName, MachineTypeName, PoolName } from '../shared/ids.ts'

/** How a GPU is handed to a machine. */
export const gpuModes = ['passthrough', 'vgpu', 'mig', 'shared'] as const
export type GpuMode = (typeof gpuModes)[number]

export type GpuType = {
  readonly name: GpuTypeName
  readonly product: string
  readonly memoryMiB: number
  readonly mode: GpuMode
  /** Price of one for one hour, in millionths of the currency unit. */
  readonly pricePerHourMicros: number
}

export type CpuTopology = {
  readonly sockets: number
  readonly cores: number
  readonly threads: number
  /** `host-passthrough`, `host-model`, or a model that the driver knows (`max` where KVM is missing). */
  readonly model: string
  /** What a named model is given beside or denied (KubeVirt: `domain.cpu.features[]`). */
  readonly features?: readonly CpuFeature[]
  /** CPUs of its own. Absent: shared with others. */
  readonly dedicated?: DedicatedCpus
  /** vCPUs per CPU that is reserved for them, in hundredths: 100 (none shared) to 150. Absent: 100. */
  readonly overcommitPercent?: number
  /** Up to how many sockets a running machine may grow. Absent: it cannot. */
  readonly maxSockets?: number
}

export const cpuFeaturePolicies = ['force', 'require', 'optional', 'disable', 'forbid'] as const
export type CpuFeature = {
  readonly name: string
  readonly policy: (typeof cpuFeaturePolicies)[number]
}
export type DedicatedCpus = {
  /** The guest sees the host's NUMA nodes. */
  readonly numaPassthrough: boolean
  /** One more CPU for the emulator, so that it disturbs none of the guest's. */
  readonly isolatedEmulatorThread: boolean
}

export const hugePageSizes = ['2Mi', '1Gi'] as const
export type HugePageSize = (typeof hugePageSizes)[number]

/** How the memory of a machine is kept. Absent fields mean the platform's ordinary way. */
export type MemoryPolicy = {
  readonly hugePages?: HugePageSize
  /** Up to how much memory a running machine may grow. Absent: it cannot. */
  readonly maxMiB?: number
  /** Guest memory per memory that is reserved for it, in hundredths: 100 to 150. Absent: 100. */
  readonly overcommitPercent?: number
  /** Keep off nodes that merge equal pages of different machines. */
  readonly avoidPageMerging?: boolean
  /** The guest runs without swap. */
  readonly guestSwapOff?: boolean
  /** Balloon statistics. Absent: on. */
  readonly balloonStatistics?: boolean
}

export type DiskShape = {
  readonly role: 'system' | 'data' | 'log'
  readonly sizeGiB: number
  /** A storage class the pool knows. Absent: the pool's class for that role. */
  readonly storageClass?: string
}
export type GpuDemand = { readonly type: GpuTypeName; readonly count: number }

/** A node taint that machines of this shape stand (Kubernetes: `tolerations[]`). */
export type NodeToleration = {
  readonly key: string
  readonly value?: string
  readonly effect: 'NoSchedule' | 'PreferNoSchedule' | 'NoExecute'
}

/** Where a machine may stand, and with whom. */
export type PlacementPolicy = {
  readonly nodeLabels?: Readonly<Record<string, string>>
  readonly tolerations?: readonly NodeToleration[]
  /** On no node that holds a machine of the same tenant, or of the same machine type. */
  readonly apartFrom?: 'same-tenant' | 'same-machine-type'
}

/** What one machine is made of. Copied onto a lease when it is requested: the catalogue may change later. */
export type MachineShape = {
  readonly cpu: CpuTopology
  readonly memoryMiB: number
  readonly disks: readonly DiskShape[]
  readonly gpus: readonly GpuDemand[]
  readonly memory?: MemoryPolicy
  /** One queue per vCPU for the network card, for the disks. Absent: one queue. */
  readonly multiQueue?: { readonly network: boolean; readonly disks: boolean }
  readonly placement?: PlacementPolicy
  /** What a node that is emptied does with it. Absent: `shut-down`. Machines with whole GPUs cannot move. */
  readonly onNodeDrain?: 'shut-down' | 'move-if-possible'
  /** Everything it is given is reserved: never overcommitted, whatever the pool does by default. */
  readonly critical?: boolean
}

export type MachineType = {
  readonly name: MachineTypeName
  readonly description: string
  readonly shape: MachineShape
  /** Price of one hour, GPUs included, in millionths of the currency unit. */
  readonly pricePerHourMicros: number
  /** Pools that can run it, in order of preference. */
  readonly pools: readonly PoolName[]
  readonly images: readonly ImageName[]
}

/** One place where machines run: one cluster or one host. */
export type PoolInfo = {
  readonly name: PoolName
  readonly region: string
  readonly driver: 'local' | 'kubernetes'
}

/** Logical CPUs the guest sees (KubeVirt: cores × threads × sockets). */
export function vcpuCount(cpu: CpuTopology): number {
  return cpu.sockets * cpu.cores * cpu.threads
}
