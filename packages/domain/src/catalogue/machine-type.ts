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
}

export type DiskShape = { readonly role: 'system' | 'data' | 'log'; readonly sizeGiB: number }
export type GpuDemand = { readonly type: GpuTypeName; readonly count: number }

/** What one machine is made of. Copied onto a lease when it is requested: the catalogue may change later. */
export type MachineShape = {
  readonly cpu: CpuTopology
  readonly memoryMiB: number
  readonly disks: readonly DiskShape[]
  readonly gpus: readonly GpuDemand[]
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
