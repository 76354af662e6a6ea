import {
  type Amounts,
  DomainError,
  findLack,
  type ImageName,
  type PoolName,
} from '@leasehold/domain'
import type { Pool, Pools } from '../ports/pools.ts'
import type { LookAtPool } from './pool-room.ts'

export type PlaceWish = {
  /** Pools that may be used, best first. */
  readonly candidates: readonly PoolName[]
  /** The one the renter named, if any. */
  readonly named: PoolName | null
  readonly image: ImageName
  readonly needs: Amounts
}

/**
 * The first pool that can hold it now, else the first that ever can. Throws `pool/not-found`,
 * `image/not-found`, `machine-type/unavailable`, or `pool/too-small` with the numbers of the largest miss.
 */
export async function choosePool(
  { pools, lookAtPool }: { readonly pools: Pools; readonly lookAtPool: LookAtPool },
  { candidates, named, image, needs }: PlaceWish,
): Promise<PoolName> {
  const open = openPools(pools, candidates, named)
  const withImage = open.filter((pool) => pool.images.includes(image))
  if (withImage.length === 0)
    throw new DomainError(
      'image/not-found',
      `No pool that offers this has the image ${image}.`,
      { image, pools: open.map((pool) => pool.name).join(',') },
      '/image',
    )
  let lack: ReturnType<typeof findLack> = null
  let fallback: PoolName | null = null
  for (const pool of withImage) {
    const room = await lookAtPool(pool.name)
    // A pool that cannot be asked now may well have room: the queue finds out.
    const never = room === null ? null : findLack(needs, room.total)
    if (never !== null) {
      lack ??= never
      continue
    }
    if (room !== null && findLack(needs, room.free) === null) return pool.name
    fallback ??= pool.name
  }
  if (fallback !== null) return fallback
  throw tooSmall(lack)
}

function openPools(
  pools: Pools,
  candidates: readonly PoolName[],
  named: PoolName | null,
): readonly Pool[] {
  if (named !== null && pools.find(named) === null)
    throw new DomainError('pool/not-found', `There is no pool ${named}.`, {}, '/pool')
  const open = candidates
    .filter((name) => named === null || name === named)
    .map((name) => pools.find(name))
    .filter((pool) => pool !== null)
  if (open.length === 0)
    throw new DomainError(
      'machine-type/unavailable',
      named === null ? 'No open pool offers this now.' : `The pool ${named} does not offer this.`,
      { offeredBy: candidates.join(',') },
      named === null ? null : '/pool',
    )
  return open
}

function tooSmall(lack: ReturnType<typeof findLack>): DomainError {
  const { resource, asked, free } = lack ?? { resource: 'vcpu', asked: 0, free: 0 }
  return new DomainError(
    'pool/too-small',
    `No pool could ever hold this: it needs ${asked} ${resource}, and the largest that was asked has ${free} in all.`,
    { resource, asked, limit: free },
  )
}
