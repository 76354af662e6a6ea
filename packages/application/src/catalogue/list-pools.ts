import type { ImageName, PoolInfo, TaskIsolation } from '@leasehold/domain'
import type { Pools, PoolTrouble } from '../ports/pools.ts'
import { imagesOf } from '../scheduling/choose-pool.ts'
import type { LookAtPool, PoolRoom } from '../scheduling/pool-room.ts'

/** `room` is null when the pool does not answer. */
export type PoolReport = {
  readonly pool: PoolInfo
  readonly images: readonly ImageName[]
  readonly taskImages: readonly ImageName[]
  readonly taskIsolations: readonly TaskIsolation[]
  readonly room: PoolRoom | null
  readonly trouble: PoolTrouble | null
}
export type ListPoolsDeps = { readonly pools: Pools; readonly lookAtPool: LookAtPool }
export type ListPools = () => Promise<readonly PoolReport[]>

/** Every configured pool with what it has, what of it is taken, and what is wrong with it. */
export function makeListPools({ pools, lookAtPool }: ListPoolsDeps): ListPools {
  return () =>
    Promise.all(
      pools.all().map(async (pool) => ({
        pool: { name: pool.name, region: pool.region, driver: pool.driver },
        images: pool.images,
        taskImages: imagesOf(pool, 'container'),
        taskIsolations: pool.taskIsolations,
        room: await lookAtPool(pool.name),
        trouble: pool.trouble?.() ?? null,
      })),
    )
}
