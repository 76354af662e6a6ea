import {
  type Actor,
  checkShape,
  DomainError,
  type GpuMode,
  type GpuType,
  type GpuTypeName,
  type MachineType,
  type MachineTypeName,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'

export type ChangeCatalogueDeps = { readonly catalogue: CatalogueStore }
export type PutMachineType = (machineType: MachineType, actor: Actor) => Promise<MachineType>
export type RemoveMachineType = (name: MachineTypeName, actor: Actor) => Promise<void>
export type PutGpuType = (gpuType: GpuType, actor: Actor) => Promise<GpuType>

/** Adds or changes a machine type. Every GPU it names must be in the catalogue, and its parts must go together. */
export function makePutMachineType({ catalogue }: ChangeCatalogueDeps): PutMachineType {
  return async (machineType, actor) => {
    const modes = await gpuModesOf(catalogue, machineType)
    checkShape(machineType.shape, (type) => modes.get(type) ?? null)
    await catalogue.putMachineType(machineType, actor)
    return machineType
  }
}

async function gpuModesOf(
  catalogue: CatalogueStore,
  { shape }: MachineType,
): Promise<ReadonlyMap<GpuTypeName, GpuMode>> {
  const modes = new Map<GpuTypeName, GpuMode>()
  for (const { type } of shape.gpus) {
    const gpuType = await catalogue.findGpuType(type)
    if (gpuType === null)
      throw new DomainError(
        'gpu-type/not-found',
        `There is no GPU type ${type}: put it into the catalogue first.`,
        { gpuType: type },
        '/gpus',
      )
    modes.set(type, gpuType.mode)
  }
  return modes
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
