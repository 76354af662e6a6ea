import {
  DomainError,
  type MachineType,
  type MachineTypeName,
  type PoolName,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Pools } from '../ports/pools.ts'
import { fitNow } from '../scheduling/pool-fit.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'

/** One open pool that offers it; `fitsNow` is how many it has room for, null when it cannot be asked. */
export type MachineOffer = {
  readonly pool: PoolName
  readonly region: string
  readonly fitsNow: number | null
  readonly pricePerHourMicros: number
  /** Why not one more fits; null when one does, or when the pool cannot be asked. */
  readonly detail: string | null
}
export type MachineTypeReport = {
  readonly machineType: MachineType
  readonly offers: readonly MachineOffer[]
}

export type ReadMachineTypesDeps = {
  readonly catalogue: Pick<CatalogueStore, 'machineTypes' | 'findMachineType'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
}
export type ListMachineTypes = () => Promise<readonly MachineTypeReport[]>
export type GetMachineType = (name: MachineTypeName) => Promise<MachineTypeReport>

/** The catalogue with what each pool has room for now. */
export function makeListMachineTypes(deps: ReadMachineTypesDeps): ListMachineTypes {
  return async () => {
    const machineTypes = await deps.catalogue.machineTypes()
    return Promise.all(machineTypes.map((machineType) => reportType(deps, machineType)))
  }
}

/** One machine type; `machine-type/not-found`. */
export function makeGetMachineType(deps: ReadMachineTypesDeps): GetMachineType {
  return async (name) => {
    const machineType = await deps.catalogue.findMachineType(name)
    if (machineType === null)
      throw new DomainError('machine-type/not-found', `There is no machine type ${name}.`)
    return reportType(deps, machineType)
  }
}

async function reportType(
  { pools, lookAtPool }: ReadMachineTypesDeps,
  machineType: MachineType,
): Promise<MachineTypeReport> {
  const { name: machineTypeName, shape, pricePerHourMicros } = machineType
  const demand = { shape, as: 'machine', tenantId: null, machineType: machineTypeName } as const
  const open = machineType.pools.map((name) => pools.find(name)).filter((pool) => pool !== null)
  const offers = await Promise.all(
    open.map(async ({ name, region }): Promise<MachineOffer> => {
      const room = await lookAtPool(name)
      const fit = room === null ? { times: null, why: null } : fitNow(room, demand)
      return { pool: name, region, fitsNow: fit.times, pricePerHourMicros, detail: fit.why }
    }),
  )
  return { machineType, offers }
}
