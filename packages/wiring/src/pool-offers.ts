import type { Config } from '@leasehold/config'
import type { MachineType, PoolName } from '@leasehold/domain'
import { starterMachineTypes } from './starter-catalogue.ts'

/** Pools that offer a machine type of the starter catalogue by its name, in the order of the configuration. */
export type PoolOffers = {
  /** What a new installation begins with. */
  readonly machineTypes: readonly MachineType[]
  /** The type with every pool that lists it; the same object when nothing is missing. */
  offeredEverywhere(machineType: MachineType): MachineType
}

/**
 * Puts the starter catalogue and the pools of the configuration together: a machine type is offered where a pool
 * lists its name, and those that are made for one computer on this one.
 */
export function offersOfPools({ local, clusters }: Config['pools']): PoolOffers {
  const listed = [
    ...(local === null ? [] : [{ name: local.name, machineTypes: local.machineTypes ?? [] }]),
    ...clusters,
  ]
  const offeredEverywhere = (machineType: MachineType): MachineType => {
    const missing = listed
      .filter(({ machineTypes }) => machineTypes.includes(machineType.name))
      .map(({ name }) => name as PoolName)
      .filter((name) => !machineType.pools.includes(name))
    return missing.length === 0
      ? machineType
      : { ...machineType, pools: [...machineType.pools, ...missing] }
  }
  // A local pool with a list of its own offers that and no more.
  const byDefault = local?.machineTypes === null ? (local.name as PoolName) : null
  const starters = starterMachineTypes((byDefault ?? '') as PoolName).map((type) =>
    byDefault === null ? { ...type, pools: [] } : type,
  )
  return { machineTypes: starters.map(offeredEverywhere), offeredEverywhere }
}
