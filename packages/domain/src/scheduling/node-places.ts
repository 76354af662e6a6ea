import {
  type Footprint,
  hasCompanion,
  maySuit,
  type NodeAmounts,
  type NodeResource,
  type NodeRoom,
  nodeEntries,
  timesOnNode,
  withOneMore,
} from './node-room.ts'

/** How many more of it the nodes can hold now, each on one node. */
export function timesOnNodes(nodes: readonly NodeRoom[], footprint: Footprint): number {
  const each = footprint.placement?.apartFrom === undefined ? Number.POSITIVE_INFINITY : 1
  return nodes
    .filter((node) => maySuit(node, footprint) && !hasCompanion(node, footprint))
    .reduce((sum, node) => sum + Math.min(each, timesOnNode(footprint.takes, node.free)), 0)
}

/** Why not one of it fits now, for the renter; null when one does. */
export function whyNotNow(nodes: readonly NodeRoom[], footprint: Footprint): string | null {
  if (timesOnNodes(nodes, footprint) > 0) return null
  const suited = nodes.filter((node) => maySuit(node, footprint))
  const free = suited.filter((node) => !hasCompanion(node, footprint))
  if (suited.length === 0) return 'a node of its kind in the pool: there is none'
  if (free.length === 0) return 'a node in the pool without a machine it must be apart from'
  return `${describeLack(free, footprint, 'free')}`
}

/** Why it could not run even if the pool were empty, for the renter; null when it could. */
export function whyNever(nodes: readonly NodeRoom[], footprint: Footprint): string | null {
  const suited = nodes.filter((node) => maySuit(node, footprint))
  if (suited.some((node) => timesOnNode(footprint.takes, node.total) > 0)) return null
  if (suited.length === 0) return 'a pool with a node of its kind: this one has none'
  return `a larger node: ${describeLack(suited, footprint, 'total')}`
}

/** Gives places away one after the other. What is given is gone for whoever comes next. */
export type NodePlaces = {
  /** False when it fits nowhere now; then nothing is taken. */
  take(footprint: Footprint): boolean
  /** Keeps the place it will need back from whoever comes next, on the node where most of it is free. */
  keep(footprint: Footprint): void
  nodes(): readonly NodeRoom[]
}

/** Like the scheduler of the place, it prefers the node that is emptiest afterwards. */
export function makeNodePlaces(rooms: readonly NodeRoom[]): NodePlaces {
  const nodes = [...rooms]
  const stand = (index: number, footprint: Footprint) => {
    const node = nodes[index]
    if (node !== undefined) nodes[index] = withOneMore(node, footprint)
  }
  const best = (footprint: Footprint, mayStand: (node: NodeRoom) => boolean): number => {
    let found = -1
    let most = Number.NEGATIVE_INFINITY
    nodes.forEach((node, index) => {
      if (!maySuit(node, footprint) || !mayStand(node)) return
      const share = leastShare(node, footprint.takes)
      if (share > most) [found, most] = [index, share]
    })
    return found
  }
  return {
    take(footprint) {
      const index = best(
        footprint,
        (node) => !hasCompanion(node, footprint) && timesOnNode(footprint.takes, node.free) > 0,
      )
      if (index >= 0) stand(index, footprint)
      return index >= 0
    },
    keep(footprint) {
      stand(
        best(footprint, (node) => timesOnNode(footprint.takes, node.total) > 0),
        footprint,
      )
    },
    nodes: () => nodes,
  }
}

/** The scarcest of what it takes: how much of it stays free, as a share of what the node has. */
function leastShare(node: NodeRoom, takes: NodeAmounts): number {
  const shares = nodeEntries(takes)
    .filter(([, asked]) => asked > 0)
    .map(([name, asked]) => ((node.free[name] ?? 0) - asked) / Math.max(1, node.total[name] ?? 0))
  return Math.min(0, ...shares.map((share) => share - 1)) + 1
}

/** Names what is missing: less than asked in all, or enough in all but not on one node. */
function describeLack(
  nodes: readonly NodeRoom[],
  { takes }: Footprint,
  side: 'total' | 'free',
): string {
  const where = side === 'free' ? ' in the pool' : ''
  for (const [name, asked] of [...nodeEntries(takes)].sort(gpusFirst)) {
    const amounts = nodes.map((node) => Math.max(0, node[side][name] ?? 0))
    if (Math.max(...amounts) >= asked) continue
    const sum = amounts.reduce((total, amount) => total + amount, 0)
    const { unit, of } = wordsOf(name)
    return sum >= asked
      ? `${unit}${where}: ${of(sum)} ${side === 'free' ? 'free' : 'in all'}, but no node has ${of(asked)}`
      : `${unit}${where}: needs ${of(asked)}, ${side === 'free' ? 'free' : 'in all'} ${of(sum)}`
  }
  return `everything on one node${where}: each part is there, but not together`
}

/** GPUs are what renters wait for; the rest by name. */
function gpusFirst([left]: readonly [string, number], [right]: readonly [string, number]): number {
  const isGpu = (name: string) => (name.startsWith('gpu/') ? 0 : 1)
  return isGpu(left) - isGpu(right) || (left < right ? -1 : 1)
}

function wordsOf(name: NodeResource) {
  if (name === 'cpu-milli')
    return { unit: 'vcpu', of: (amount: number) => String(Math.round(amount / 10) / 100) }
  return { unit: name, of: String }
}
