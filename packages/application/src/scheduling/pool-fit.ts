import {
  type Amounts,
  amountsOfShape,
  type Footprint,
  findLack,
  type GpuTypeName,
  type MachineShape,
  type MachineTypeName,
  type TaskIsolation,
  type TenantId,
  timesFitting,
  timesOnNodes,
  whyNever,
  whyNotNow,
} from '@leasehold/domain'
import type { PoolNodes } from '../ports/machine-driver.ts'

/** The part of a pool's room that says what fits. */
type Room = { readonly total: Amounts; readonly free: Amounts; readonly nodes: PoolNodes | null }

/** What one machine or container of this shape asks of a node of that pool. */
export function footprintOf(
  { asks }: Pick<PoolNodes, 'asks'>,
  shape: MachineShape,
  as: Footprint['as'],
  whose: {
    readonly tenantId: TenantId | null
    readonly machineType: MachineTypeName | null
    readonly isolation?: TaskIsolation | null
  },
): Footprint {
  const { tenantId, machineType, isolation = null } = whose
  return { ...asks(shape, as, isolation), as, tenantId, machineType }
}

/** Something that looks for a place: the shape, what it runs as, and whose it is. */
export type PlaceDemand = {
  readonly shape: MachineShape
  readonly as: Footprint['as']
  readonly tenantId: TenantId | null
  readonly machineType: MachineTypeName | null
}

/** How many of it fit now, and why not one more, in words for the renter. */
export type Fit = { readonly times: number; readonly why: string | null }

export function fitNow(room: Room, demand: PlaceDemand): Fit {
  if (room.nodes === null) {
    const needs = amountsOfShape(demand.shape)
    const lack = findLack(needs, room.free)
    const why = lack && `${lack.resource} in the pool: needs ${lack.asked}, free ${lack.free}`
    return { times: timesFitting(needs, room.free), why }
  }
  const footprint = footprintOf(room.nodes, demand.shape, demand.as, demand)
  const { nodes } = room.nodes
  return { times: timesOnNodes(nodes, footprint), why: whyNotNow(nodes, footprint) }
}

/** Why it could never run there, not even if the pool were empty; null when it could. */
export function neverFits(
  room: Room,
  demand: PlaceDemand,
): { readonly why: string; readonly lack: ReturnType<typeof findLack> } | null {
  if (room.nodes === null) {
    const lack = findLack(amountsOfShape(demand.shape), room.total)
    if (lack === null) return null
    const { resource, asked, free } = lack
    return { why: `it needs ${asked} ${resource}, and the pool has ${free} in all`, lack }
  }
  const footprint = footprintOf(room.nodes, demand.shape, demand.as, demand)
  const why = whyNever(room.nodes.nodes, footprint)
  return why === null ? null : { why: `it needs ${why}`, lack: null }
}

/** GPUs of one type in a pool: how many, how many are free, and the most that one machine can get now. */
export function gpuRoom(
  room: Room,
  type: GpuTypeName,
): {
  readonly total: number
  readonly free: number
  readonly largestFit: number
  readonly unitsPerCard: number
} {
  const total = room.total[`gpu/${type}`] ?? 0
  const free = Math.max(0, room.free[`gpu/${type}`] ?? 0)
  if (room.nodes === null) return { total, free, largestFit: free, unitsPerCard: 1 }
  const byNode = room.nodes.nodes.map((node) => node.free[`gpu/${type}`] ?? 0)
  const unitsPerCard = room.nodes.unitsPerCard[type] ?? 1
  return { total, free, largestFit: Math.max(0, ...byNode), unitsPerCard }
}
