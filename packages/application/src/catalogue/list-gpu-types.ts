import type { GpuType, PoolName } from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'

export type GpuOffer = {
  readonly pool: PoolName
  readonly region: string
  readonly total: number
  readonly free: number
}
/** `total` and `free` over all pools that answer. */
export type GpuTypeReport = {
  readonly gpuType: GpuType
  readonly total: number
  readonly free: number
  readonly offers: readonly GpuOffer[]
}
export type ListGpuTypesDeps = {
  readonly catalogue: Pick<CatalogueStore, 'gpuTypes'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
}
export type ListGpuTypes = () => Promise<readonly GpuTypeReport[]>

/** Every GPU type with how many each pool has, and how many are not taken. */
export function makeListGpuTypes({ catalogue, pools, lookAtPool }: ListGpuTypesDeps): ListGpuTypes {
  return async () => {
    const gpuTypes = await catalogue.gpuTypes()
    const rooms = await Promise.all(
      pools.all().map(async (pool) => ({ pool, room: await lookAtPool(pool.name) })),
    )
    return gpuTypes.map((gpuType) => {
      const offers = rooms.flatMap(({ pool, room }): GpuOffer[] => {
        const total = room?.total[`gpu/${gpuType.name}`] ?? 0
        if (total === 0) return []
        const free = Math.max(0, room?.free[`gpu/${gpuType.name}`] ?? 0)
        return [{ pool: pool.name, region: pool.region, total, free }]
      })
      const total = offers.reduce((sum, offer) => sum + offer.total, 0)
      const free = offers.reduce((sum, offer) => sum + offer.free, 0)
      return { gpuType, total, free, offers }
    })
  }
}
