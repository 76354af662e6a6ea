import type { ImageName, PoolInfo } from '@leasehold/domain'
import type { Pools, PoolTrouble } from '../ports/pools.ts'
import type { LookAtPool, PoolRoom } from '../scheduling/pool-room.ts'

/** `room` is null when the pool does not answer. */
export type PoolReport = {
  readonly pool: PoolInfo
  readonly images: readonly ImageName[]
  readonly taskImages: readonly ImageName[]
  readonly room: PoolRoom | null
  readonly trouble: PoolTrouble | null
}
export type ListPoolsDeps = { readonly pools: Pools; readonly lookAtPool: LookAtPool }
export type ListPools = () => Promise<readonly PoolReport[]>

/** Every configured pool with what it has, what of it is taken, and what is wrong with it. */
export function makeListPools({ pools, lookAtPool }: ListPoolsDeps): ListPools {
  return () =>
    Promise.all(
      pools.all().map(async ({ name, region, driver, images, taskImages, trouble }) => ({
        pool: { name, region, driver },
        images,
        taskImages: taskImages ?? images,
        room: await lookAtPool(name),
        trouble: trouble?.() ?? null,
      })),
    )
}
