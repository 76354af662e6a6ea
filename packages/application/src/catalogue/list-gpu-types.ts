import type { GpuType, PoolName } from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Pools } from '../ports/pools.ts'
import { gpuRoom } from '../scheduling/pool-fit.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'

export type GpuOffer = {
  readonly pool: PoolName
  readonly region: string
  readonly total: number
  readonly free: number
  /** The most that one machine can get now: they must be on one node. */
  readonly largestFit: number
  /** How many make one card, where one is a part of a card. */
  readonly unitsPerCard: number
  readonly pricePerHourMicros: number
  /** Why one machine cannot get all that are free; null when it can. */
  readonly detail: string | null
}
/** `total` and `free` over all pools that answer, `largestFit` in the pool where it is largest. */
export type GpuTypeReport = {
  readonly gpuType: GpuType
  readonly total: number
  readonly free: number
  readonly largestFit: number
  readonly offers: readonly GpuOffer[]
}
export type ListGpuTypesDeps = {
  readonly catalogue: Pick<CatalogueStore, 'gpuTypes'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
}
export type ListGpuTypes = () => Promise<readonly GpuTypeReport[]>

/** Every GPU type with how many each pool has, how many are not taken, and how many one machine can get. */
export function makeListGpuTypes({ catalogue, pools, lookAtPool }: ListGpuTypesDeps): ListGpuTypes {
  return async () => {
    const gpuTypes = await catalogue.gpuTypes()
    const rooms = await Promise.all(
      pools.all().map(async (pool) => ({ pool, room: await lookAtPool(pool.name) })),
    )
    return gpuTypes.map((gpuType) => {
      const offers = rooms.flatMap(({ pool, room }): GpuOffer[] => {
        const gpus = room === null ? null : gpuRoom(room, gpuType.name)
        if (gpus === null || gpus.total === 0) return []
        const { name, region } = pool
        const { pricePerHourMicros } = gpuType
        return [{ pool: name, region, ...gpus, pricePerHourMicros, detail: scattered(gpus) }]
      })
      const sum = (of: (offer: GpuOffer) => number) =>
        offers.reduce((total, offer) => total + of(offer), 0)
      const largestFit = Math.max(0, ...offers.map((offer) => offer.largestFit))
      return {
        gpuType,
        total: sum(({ total }) => total),
        free: sum(({ free }) => free),
        largestFit,
        offers,
      }
    })
  }
}

function scattered({ free, largestFit }: { readonly free: number; readonly largestFit: number }) {
  return free > largestFit ? `${free} free, but no node has ${largestFit + 1}` : null
}
