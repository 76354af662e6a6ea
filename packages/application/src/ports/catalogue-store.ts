import type { Actor, GpuType, GpuTypeName, MachineType, MachineTypeName } from '@leasehold/domain'

export interface CatalogueStore {
  machineTypes(): Promise<readonly MachineType[]>
  findMachineType(name: MachineTypeName): Promise<MachineType | null>
  putMachineType(machineType: MachineType, actor: Actor): Promise<void>
  /** `false` when there was none. Leases made from it keep their own copy of its shape. */
  removeMachineType(name: MachineTypeName, actor: Actor): Promise<boolean>
  gpuTypes(): Promise<readonly GpuType[]>
  findGpuType(name: GpuTypeName): Promise<GpuType | null>
  putGpuType(gpuType: GpuType, actor: Actor): Promise<void>
}
