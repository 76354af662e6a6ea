import {
  type Amounts,
  addAmounts,
  type Instant,
  makeNodePlaces,
  type PoolName,
  subtractAmounts,
  sumOfNodes,
} from '@leasehold/domain'
import type { Clock } from '../ports/clock.ts'
import type { LeaseStore, PlacingMachine } from '../ports/lease-store.ts'
import type { PoolNodes } from '../ports/machine-driver.ts'
import type { Pool, Pools } from '../ports/pools.ts'
import type { TaskStore } from '../ports/task-store.ts'
import { footprintOf } from './pool-fit.ts'

/** What a pool has and what of it is taken. */
export type PoolRoom = {
  readonly total: Amounts
  readonly occupied: Amounts
  readonly free: Amounts
  /** Where one machine must fit on one of many nodes; null where only totals count. */
  readonly nodes: PoolNodes | null
}

export type PoolRoomDeps = {
  readonly pools: Pools
  readonly leases: Pick<LeaseStore, 'occupiedIn' | 'placingIn'>
  readonly tasks: Pick<TaskStore, 'occupiedIn' | 'placingIn'>
}

/**
 * Reads both sides now. Throws when the pool does not answer. By totals, what our rows occupy is taken. By nodes,
 * what stands on them is taken, ours or not, and what our rows were given there and does not stand there yet.
 */
export async function readPoolRoom(
  { leases, tasks }: Omit<PoolRoomDeps, 'pools'>,
  pool: Pool,
  signal: AbortSignal,
): Promise<PoolRoom> {
  // Rows first: one that gets its machine in between is then counted twice for a moment, and not left out.
  const [placingLeases, placingTasks] = await Promise.all([
    leases.placingIn(pool.name),
    tasks.placingIn(pool.name),
  ])
  const capacity = await pool.machines.capacity(signal)
  if (capacity.nodes !== undefined) return roomOfNodes(capacity, placingLeases, placingTasks)
  const [byLeases, byTasks] = await Promise.all([
    leases.occupiedIn(pool.name),
    tasks.occupiedIn(pool.name),
  ])
  const { total } = capacity
  const occupied = addAmounts(byLeases, byTasks)
  return { total, occupied, free: subtractAmounts(total, occupied), nodes: null }
}

function roomOfNodes(
  nodes: PoolNodes,
  leases: readonly PlacingMachine[],
  tasks: readonly PlacingMachine[],
): PoolRoom {
  const places = makeNodePlaces(nodes.nodes)
  const unseen = [
    ...leases.map((row) => ({ row, as: 'machine' as const })),
    ...tasks.map((row) => ({ row, as: 'container' as const })),
  ].filter(({ row }) => !nodes.placed.has(row.id))
  for (const { row, as } of unseen) {
    const footprint = footprintOf(nodes, row.shape, as, row)
    // One that the scheduler cannot place yet is still before everyone who comes now.
    if (!places.take(footprint)) places.keep(footprint)
  }
  const total = sumOfNodes(nodes.nodes, 'total')
  const free = sumOfNodes(places.nodes(), 'free')
  return {
    total,
    free,
    occupied: subtractAmounts(total, free),
    nodes: { ...nodes, nodes: places.nodes() },
  }
}

/** Null: the pool cannot be asked now. */
export type LookAtPool = (name: PoolName) => Promise<PoolRoom | null>

/**
 * For views and early refusals: room as it was at most `maxAgeMs` ago, so that a page that many look at
 * asks each pool once. A pool that does not answer is null, which must be read as "perhaps".
 */
export function makeLookAtPool(
  deps: PoolRoomDeps & { readonly clock: Clock },
  maxAgeMs: number,
  never: AbortSignal = new AbortController().signal,
): LookAtPool {
  const known = new Map<PoolName, { at: Instant; room: Promise<PoolRoom | null> }>()
  return (name) => {
    const now = deps.clock.now()
    const last = known.get(name)
    if (last !== undefined && now >= last.at && now - last.at < maxAgeMs) return last.room
    const pool = deps.pools.find(name)
    const room: Promise<PoolRoom | null> =
      pool === null ? Promise.resolve(null) : readPoolRoom(deps, pool, never).catch(() => null)
    known.set(name, { at: now, room })
    return room
  }
}
