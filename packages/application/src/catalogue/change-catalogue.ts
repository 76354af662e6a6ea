import {
  type Actor,
  DomainError,
  type GpuType,
  type MachineType,
  type MachineTypeName,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'

export type ChangeCatalogueDeps = { readonly catalogue: CatalogueStore }
export type PutMachineType = (machineType: MachineType, actor: Actor) => Promise<MachineType>
export type RemoveMachineType = (name: MachineTypeName, actor: Actor) => Promise<void>
export type PutGpuType = (gpuType: GpuType, actor: Actor) => Promise<GpuType>

/** Adds or changes a machine type. Every GPU it names must be in the catalogue, and it needs one system disk. */
export function makePutMachineType({ catalogue }: ChangeCatalogueDeps): PutMachineType {
  return async (machineType, actor) => {
    const systemDisks = machineType.shape.disks.filter((disk) => disk.role === 'system')
    if (systemDisks.length !== 1)
      throw new DomainError(
        'request/invalid',
        'A machine type has exactly one system disk.',
        {},
        '/disks',
      )
    for (const gpu of machineType.shape.gpus)
      if ((await catalogue.findGpuType(gpu.type)) === null)
        throw new DomainError(
          'gpu-type/not-found',
          `There is no GPU type ${gpu.type}: put it into the catalogue first.`,
          { gpuType: gpu.type },
          '/gpus',
        )
    await catalogue.putMachineType(machineType, actor)
    return machineType
  }
}

/** Takes a machine type out of the catalogue; leases made from it keep their copy. */
export function makeRemoveMachineType({ catalogue }: ChangeCatalogueDeps): RemoveMachineType {
  return async (name, actor) => {
    if (await catalogue.removeMachineType(name, actor)) return
    throw new DomainError('machine-type/not-found', `There is no machine type ${name}.`)
  }
}

/** Adds or changes a GPU type. */
export function makePutGpuType({ catalogue }: ChangeCatalogueDeps): PutGpuType {
  return async (gpuType, actor) => {
    await catalogue.putGpuType(gpuType, actor)
    return gpuType
  }
}
