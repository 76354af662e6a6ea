import type { PoolCapacity } from '@leasehold/application'
import {
  type NodeAmounts,
  type NodeResource,
  type NodeRoom,
  reservedCpuMilli,
  reservedMemoryMiB,
  sumOfNodes,
} from '@leasehold/domain'

/** Eight CPUs, 16 GiB and room for ten machines, all free, no GPUs; takes anything. */
export function aNode(facts: Partial<NodeRoom> = {}): NodeRoom {
  const total: NodeAmounts = {
    'cpu-milli': 8_000,
    'memory-mib': 16_384,
    places: 10,
    ...facts.total,
  }
  return {
    name: 'node-1',
    runs: 'any',
    labels: {},
    taints: [],
    tenants: new Set(),
    machineTypes: new Set(),
    ...facts,
    total,
    free: { ...total, ...facts.free },
  }
}

/** What a pool with these nodes answers; a machine takes what it reserves, and no overhead. */
export function aCapacity(
  nodes: readonly NodeRoom[],
  facts: Partial<Extract<PoolCapacity, { readonly placed: unknown }>> = {},
): PoolCapacity {
  return {
    total: sumOfNodes(nodes, 'total'),
    nodes,
    asks(shape) {
      const takes: Partial<Record<NodeResource, number>> = {
        'cpu-milli': reservedCpuMilli(shape),
        'memory-mib': reservedMemoryMiB(shape),
        places: 1,
      }
      for (const gpu of shape.gpus) takes[`gpu/${gpu.type}`] = gpu.count
      return { takes, placement: shape.placement ?? null }
    },
    placed: new Set(),
    unitsPerCard: {},
    ...facts,
  }
}
