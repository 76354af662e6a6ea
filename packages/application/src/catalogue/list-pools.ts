import type { ImageName, PoolInfo } from '@leasehold/domain'
import type { Pools } from '../ports/pools.ts'
import type { LookAtPool, PoolRoom } from '../scheduling/pool-room.ts'

/** `room` is null when the pool does not answer. */
export type PoolReport = {
  readonly pool: PoolInfo
  readonly images: readonly ImageName[]
  readonly room: PoolRoom
}
export type ListPoolsDeps = { readonly pools: Pools; readonly lookAtPool: LookAtPool }
export type ListPools = () => Promise<readonly PoolReport[]>

/** Every open pool with what it has and what of it is taken. */
export function makeListPools({ pools, lookAtPool }: ListPoolsDeps): ListPools {
  return () =>
    Promise.all(
      pools.all().map(async ({ name, region, driver, images }) => ({
        pool: { name, region, driver },
        images,
        room: await lookAtPool(name),
      })),
    )
}
