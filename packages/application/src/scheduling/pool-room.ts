import {
  type Amounts,
  addAmounts,
  type Instant,
  type PoolName,
  subtractAmounts,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { Pool, Pools } from '../ports/pools.ts'
import type { TaskStore } from '../ports/task-store.ts'

/** What a pool has and what of it is taken by rows of ours. Null: the pool cannot be asked now. */
export type PoolRoom = {
  readonly total: Amounts
  readonly occupied: Amounts
  readonly free: Amounts
} | null

export type PoolRoomDeps = {
  readonly pools: Pools
  readonly leases: Pick<LeaseStore, 'occupiedIn'>
  readonly tasks: Pick<TaskStore, 'occupiedIn'>
}

/** Reads both sides now. Throws when the pool does not answer. */
export async function readPoolRoom(
  { leases, tasks }: Omit<PoolRoomDeps, 'pools'>,
  pool: Pool,
  signal: AbortSignal,
): Promise<NonNullable<PoolRoom>> {
  const [{ total }, byLeases, byTasks] = await Promise.all([
    pool.machines.capacity(signal),
    leases.occupiedIn(pool.name),
    tasks.occupiedIn(pool.name),
  ])
  const occupied = addAmounts(byLeases, byTasks)
  return { total, occupied, free: subtractAmounts(total, occupied) }
}

export type LookAtPool = (name: PoolName) => Promise<PoolRoom>

/**
 * For views and early refusals: room as it was at most `maxAgeMs` ago, so that a page that many look at
 * asks each pool once. A pool that does not answer is null, which must be read as "perhaps".
 */
export function makeLookAtPool(
  deps: PoolRoomDeps & { readonly clock: Clock },
  maxAgeMs: number,
  never: AbortSignal = new AbortController().signal,
): LookAtPool {
  const known = new Map<PoolName, { at: Instant; room: Promise<PoolRoom> }>()
  return (name) => {
    const now = deps.clock.now()
    const last = known.get(name)
    if (last !== undefined && now >= last.at && now - last.at < maxAgeMs) return last.room
    const pool = deps.pools.find(name)
    const room: Promise<PoolRoom> =
      pool === null ? Promise.resolve(null) : readPoolRoom(deps, pool, never).catch(() => null)
    known.set(name, { at: now, room })
    return room
  }
}
