import { DomainError, type ImageName, type PoolName } from '@leasehold/domain'
import type { Pool, Pools } from '../ports/pools.ts'
import { fitNow, neverFits, type PlaceDemand } from './pool-fit.ts'
import type { LookAtPool } from './pool-room.ts'

export type PlaceWish = {
  /** Pools that may be used, best first. */
  readonly candidates: readonly PoolName[]
  /** The one the renter named, if any. */
  readonly named: PoolName | null
  readonly image: ImageName
  readonly demand: PlaceDemand
}

/**
 * The first pool that can hold it now, else the first that ever can. Throws `pool/not-found`,
 * `image/not-found`, `machine-type/unavailable`, or `pool/too-small` with what the first misses.
 */
export async function choosePool(
  { pools, lookAtPool }: { readonly pools: Pools; readonly lookAtPool: LookAtPool },
  { candidates, named, image, demand }: PlaceWish,
): Promise<PoolName> {
  const open = requireOpenPools(pools, candidates, named)
  const withImage = open.filter((pool) => imagesOf(pool, demand.as).includes(image))
  if (withImage.length === 0)
    throw new DomainError(
      'image/not-found',
      `No pool that offers this has the image ${image}.`,
      { image, pools: open.map((pool) => pool.name).join(',') },
      '/image',
    )
  let miss: ReturnType<typeof neverFits> = null
  let fallback: PoolName | null = null
  for (const pool of withImage) {
    const room = await lookAtPool(pool.name)
    // A pool that cannot be asked now may well have room: the queue finds out.
    const never = room === null ? null : neverFits(room, demand)
    if (never !== null) {
      miss ??= never
      continue
    }
    if (room !== null && fitNow(room, demand).times > 0) return pool.name
    fallback ??= pool.name
  }
  if (fallback !== null) return fallback
  throw tooSmall(miss)
}

/** Leases boot machine images, tasks run container images, where a pool tells the two apart. */
export function imagesOf(pool: Pool, as: PlaceDemand['as']): readonly ImageName[] {
  return as === 'container' ? (pool.taskImages ?? pool.images) : pool.images
}

/** Those of the candidates that are open here, or of these the named one only. */
export function openPools(
  pools: Pools,
  candidates: readonly PoolName[],
  named: PoolName | null,
): readonly Pool[] {
  return candidates
    .filter((name) => named === null || name === named)
    .map((name) => pools.find(name))
    .filter((pool) => pool !== null)
}

function requireOpenPools(
  pools: Pools,
  candidates: readonly PoolName[],
  named: PoolName | null,
): readonly Pool[] {
  if (named !== null && pools.find(named) === null)
    throw new DomainError('pool/not-found', `There is no pool ${named}.`, {}, '/pool')
  const open = openPools(pools, candidates, named)
  if (open.length === 0)
    throw new DomainError(
      'machine-type/unavailable',
      named === null ? 'No open pool offers this now.' : `The pool ${named} does not offer this.`,
      { offeredBy: candidates.join(',') },
      named === null ? null : '/pool',
    )
  return open
}

function tooSmall(miss: ReturnType<typeof neverFits>): DomainError {
  const { resource, asked, free } = miss?.lack ?? {}
  return new DomainError(
    'pool/too-small',
    `No pool could ever hold this: ${miss?.why ?? 'none is large enough'}.`,
    resource === undefined ? {} : { resource, asked: asked ?? 0, limit: free ?? 0 },
  )
}
