import type {
  MachineTypeName,
  NodeAmounts,
  NodeResource,
  NodeRoom,
  TenantId,
} from '@leasehold/domain'
import { workloadKindLabel } from '../node-selection.ts'
import { labelNames, leaseIdOf } from '../object-names.ts'
import { quantityValue } from '../tenancy/quantity-text.ts'
import type { ClaimedDevices, DevicesOfNodes } from './claimed-devices.ts'
import type { ClusterNode, ClusterPod } from './node-and-pod.ts'
import { addClaimed, type CapacitySettings, capGpus, gpuNames } from './node-gpus.ts'

/** KubeVirt's handler runs there and is well; without it no machine can. */
const machinesLabel = 'kubevirt.io/schedulable'

const mebibyte = 1_048_576
/** How a resource of Kubernetes is counted by us, and in what. */
const counted: readonly (readonly [string, NodeResource, number])[] = [
  ['cpu', 'cpu-milli', 1 / 1_000],
  ['memory', 'memory-mib', mebibyte],
  ['hugepages-2Mi', 'hugepages-2mi-mib', mebibyte],
  ['hugepages-1Gi', 'hugepages-1gi-mib', mebibyte],
  ['ephemeral-storage', 'scratch-mib', mebibyte],
]

/**
 * What each node has and what of it is free: its allocatable less the requests of the pods that stand on it, ours or
 * not. Nodes that are not ready, are closed or on their way out are left out. Pods without a node keep nothing yet.
 * `devices`: what is handed out by claims, which nodes themselves do not tell.
 */
export function nodeRooms(
  nodes: readonly ClusterNode[],
  pods: readonly ClusterPod[],
  settings: CapacitySettings,
  devices: DevicesOfNodes = new Map(),
): readonly NodeRoom[] {
  const byNode = new Map<string, ClusterPod[]>()
  for (const pod of pods) {
    const name = pod.spec?.nodeName
    if (name === undefined) continue
    const known = byNode.get(name)
    if (known === undefined) byNode.set(name, [pod])
    else known.push(pod)
  }
  return nodes.filter(isOpen).map((node) => {
    const { name } = node.metadata
    return roomOf(node, byNode.get(name) ?? [], settings, devices.get(name) ?? new Map())
  })
}

function isOpen({ metadata, spec, status }: ClusterNode): boolean {
  const isReady = status?.conditions?.some(
    ({ type, status }) => type === 'Ready' && status === 'True',
  )
  return (
    isReady === true && spec?.unschedulable !== true && metadata.deletionTimestamp === undefined
  )
}

function roomOf(
  node: ClusterNode,
  pods: readonly ClusterPod[],
  settings: CapacitySettings,
  devices: ReadonlyMap<string, ClaimedDevices>,
): NodeRoom {
  const labels = node.metadata.labels ?? {}
  const allocatable = valuesOf(node.status?.allocatable ?? {})
  const kind = kindOf(labels, allocatable, settings, devices)
  const gpus = gpuNames(kind, labels, allocatable, settings)
  const asked = pods.reduce<Record<string, number>>((sum, { asks = {} }) => {
    for (const [name, amount] of Object.entries(asks)) sum[name] = (sum[name] ?? 0) + amount
    return sum
  }, {})
  const total = amountsOf(allocatable, gpus, Math.floor)
  const taken = amountsOf(asked, gpus, Math.ceil)
  const places = Math.floor(allocatable.pods ?? 0)
  capGpus(total, labels, settings)
  if (kind !== 'container') addClaimed(total, taken, settings, devices)
  const machines = pods.filter((pod) => leaseIdOf(pod) !== null)
  return {
    name: node.metadata.name,
    total: { ...total, places },
    free: { ...less(total, taken), places: places - pods.length },
    runs: kind,
    labels,
    taints: (node.spec?.taints ?? []).map(({ key, value = '', effect }) => ({
      key,
      value,
      effect,
    })),
    tenants: new Set(labelled(machines, labelNames.tenant) as TenantId[]),
    machineTypes: new Set(labelled(machines, labelNames.machineType) as MachineTypeName[]),
  }
}

type Values = Readonly<Record<string, number>>

/** As its label says; else by the names its GPUs go by. Without KubeVirt only containers run there. */
function kindOf(
  labels: Readonly<Record<string, string>>,
  allocatable: Values,
  { gpus, taskGpus = {} }: CapacitySettings,
  devices: ReadonlyMap<string, ClaimedDevices>,
): NodeRoom['runs'] {
  if (labels[machinesLabel] !== 'true') return 'container'
  const said = labels[workloadKindLabel]
  if (said === 'container' || said === 'vm-passthrough' || said === 'vm-vgpu') return said
  const has = (name: string) => (allocatable[name] ?? 0) > 0
  const forTasks = Object.values(taskGpus).some(({ resourceName }) => has(resourceName))
  const forMachines = Object.values(gpus).some((gpu) =>
    gpu.by === 'dra' ? devices.has(gpu.deviceClassName) : has(gpu.resourceName),
  )
  if (forTasks && !forMachines) return 'container'
  return forMachines && !forTasks ? 'vm-passthrough' : 'any'
}

function amountsOf(
  values: Values,
  gpus: readonly (readonly [NodeResource, string])[],
  round: (value: number) => number,
): Partial<Record<NodeResource, number>> {
  const amounts: Partial<Record<NodeResource, number>> = {}
  for (const [name, resource, unit] of counted) {
    const amount = round(Number(((values[name] ?? 0) / unit).toFixed(6)))
    if (amount > 0) amounts[resource] = amount
  }
  for (const [resource, name] of gpus) amounts[resource] = round(values[name] ?? 0)
  return amounts
}

function less(total: NodeAmounts, taken: NodeAmounts): NodeAmounts {
  const free: Partial<Record<NodeResource, number>> = {}
  for (const [name, amount] of Object.entries(total) as [NodeResource, number][])
    free[name] = amount - (taken[name] ?? 0)
  return free
}

function labelled(pods: readonly ClusterPod[], label: string): string[] {
  return pods.flatMap(({ metadata }) => metadata.labels?.[label] ?? [])
}

function valuesOf(quantities: Readonly<Record<string, string>>): Values {
  const values = Object.entries(quantities).map(([name, text]) => [name, quantityValue(text) ?? 0])
  return Object.fromEntries(values)
}
