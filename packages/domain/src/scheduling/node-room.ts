import type { NodeToleration, PlacementPolicy } from '../catalogue/machine-type.ts'
import type { Amounts, ResourceName } from '../quota/resources.ts'
import type { MachineTypeName, TenantId } from '../shared/ids.ts'

/** What nodes are counted in. CPUs in thousandths: an overcommitted machine reserves a part of one. */
export type NodeResource =
  | 'cpu-milli'
  | 'memory-mib'
  | 'hugepages-2mi-mib'
  | 'hugepages-1gi-mib'
  /** Disk of the node itself, which goes with what runs there. */
  | 'scratch-mib'
  /** How many machines and containers a node may hold at all. */
  | 'places'
  | `gpu/${string}`
export type NodeAmounts = Readonly<Partial<Record<NodeResource, number>>>

/** A node takes only what stands its taints (Kubernetes: `spec.taints[]`). */
export type NodeTaint = {
  readonly key: string
  readonly value: string
  readonly effect: NodeToleration['effect']
}

/** What one node has for machines and containers, and what may run on it. */
export type NodeRoom = {
  /** The pool's inner name: for operators, never for renters. */
  readonly name: string
  readonly total: NodeAmounts
  /** Total less what everything on it has reserved, ours or not. */
  readonly free: NodeAmounts
  /** One kind per node (GPU Operator: label `nvidia.com/gpu.workload.config`). `any`: no GPUs, or not labelled. */
  readonly runs: 'any' | 'container' | 'vm-passthrough' | 'vm-vgpu'
  /** The node's labels, for machine shapes that ask for some. */
  readonly labels: Readonly<Record<string, string>>
  readonly taints: readonly NodeTaint[]
  /** Whose machines, and of which types, stand on it: for shapes that want to be apart. */
  readonly tenants: ReadonlySet<TenantId>
  readonly machineTypes: ReadonlySet<MachineTypeName>
}

/** What one machine or container asks of the node it will stand on. */
export type Footprint = {
  /** Overheads included. */
  readonly takes: NodeAmounts
  readonly as: 'machine' | 'container'
  readonly placement: PlacementPolicy | null
  /** Null: nobody in particular, as in the catalogue. */
  readonly tenantId: TenantId | null
  readonly machineType: MachineTypeName | null
}

/** Whether a node may hold it at all, full or not: kind, labels, taints. */
export function maySuit(node: NodeRoom, footprint: Footprint): boolean {
  const { nodeLabels = {}, tolerations = [] } = footprint.placement ?? {}
  return (
    runsOn(node, footprint) &&
    Object.entries(nodeLabels).every(([name, value]) => node.labels[name] === value) &&
    node.taints.every((taint) => standsTaint(taint, tolerations))
  )
}

/**
 * A machine without KubeVirt, or with GPUs that the node hands to containers, cannot run; nor can a container
 * with GPUs that the node keeps for machines. Containers without GPUs run anywhere.
 */
function runsOn({ runs }: NodeRoom, { as, takes }: Footprint): boolean {
  if (as === 'machine') return runs !== 'container'
  const hasGpus = nodeEntries(takes).some(([name, amount]) => name.startsWith('gpu/') && amount > 0)
  return !hasGpus || runs === 'any' || runs === 'container'
}

function standsTaint(taint: NodeTaint, tolerations: readonly NodeToleration[]): boolean {
  if (taint.effect === 'PreferNoSchedule') return true
  return tolerations.some(
    ({ key, value, effect }) =>
      key === taint.key &&
      effect === taint.effect &&
      (value === undefined || value === taint.value),
  )
}

/** Whether another machine stands there that this one wants to be apart from. */
export function hasCompanion(node: NodeRoom, footprint: Footprint): boolean {
  const { tenantId, machineType, placement } = footprint
  switch (placement?.apartFrom) {
    case 'same-tenant':
      return tenantId !== null && node.tenants.has(tenantId)
    case 'same-machine-type':
      return machineType !== null && node.machineTypes.has(machineType)
    case undefined:
      return false
  }
}

/** How many times `takes` fits into `amounts`; 0 when not once. */
export function timesOnNode(takes: NodeAmounts, amounts: NodeAmounts): number {
  const times = nodeEntries(takes)
    .filter(([, asked]) => asked > 0)
    .map(([name, asked]) => Math.floor(Math.max(0, amounts[name] ?? 0) / asked))
  return times.length === 0 ? 0 : Math.min(...times)
}

/** The node after one more stands on it. Free amounts may become negative: that place is spoken for. */
export function withOneMore(node: NodeRoom, { takes, tenantId, machineType }: Footprint): NodeRoom {
  const free: Partial<Record<NodeResource, number>> = { ...node.free }
  for (const [name, amount] of nodeEntries(takes)) free[name] = (free[name] ?? 0) - amount
  return {
    ...node,
    free,
    tenants: tenantId === null ? node.tenants : new Set([...node.tenants, tenantId]),
    machineTypes:
      machineType === null ? node.machineTypes : new Set([...node.machineTypes, machineType]),
  }
}

/** Nodes together, in the units of quotas: whole CPUs, memory with its huge pages, GPUs. */
export function sumOfNodes(nodes: readonly NodeRoom[], side: 'total' | 'free'): Amounts {
  const sum: Partial<Record<NodeResource, number>> = {}
  for (const node of nodes)
    for (const [name, amount] of nodeEntries(node[side]))
      sum[name] = (sum[name] ?? 0) + Math.max(0, amount)
  const gpus = nodeEntries(sum).filter(([name]) => name.startsWith('gpu/'))
  const memory = (sum['hugepages-2mi-mib'] ?? 0) + (sum['hugepages-1gi-mib'] ?? 0)
  return {
    vcpu: Math.floor((sum['cpu-milli'] ?? 0) / 1_000),
    'memory-mib': (sum['memory-mib'] ?? 0) + memory,
    ...(Object.fromEntries(gpus) as Readonly<Partial<Record<ResourceName, number>>>),
  }
}

export function nodeEntries(amounts: NodeAmounts): readonly (readonly [NodeResource, number])[] {
  return Object.entries(amounts) as [NodeResource, number][]
}
