import type {
  MachineTypeName,
  NodeAmounts,
  NodeResource,
  NodeRoom,
  TenantId,
} from '@leasehold/domain'
import { workloadKindLabel } from '../node-selection.ts'
import { labelNames, leaseIdOf } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { quantityValue } from '../tenancy/quantity-text.ts'
import type { ClusterNode, ClusterPod } from './node-and-pod.ts'

/** The part of a pool's settings that says what GPUs are called on its nodes. */
export type CapacitySettings = Pick<KubernetesPoolSettings, 'gpus' | 'taskGpus'>

/** KubeVirt's handler runs there and is well; without it no machine can. */
const machinesLabel = 'kubevirt.io/schedulable'
/** Cards of a node (NVIDIA GPU Feature Discovery). */
const cardsLabel = 'nvidia.com/gpu.count'

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
 */
export function nodeRooms(
  nodes: readonly ClusterNode[],
  pods: readonly ClusterPod[],
  settings: CapacitySettings,
): readonly NodeRoom[] {
  const byNode = new Map<string, ClusterPod[]>()
  for (const pod of pods) {
    const name = pod.spec?.nodeName
    if (name === undefined) continue
    const known = byNode.get(name)
    if (known === undefined) byNode.set(name, [pod])
    else known.push(pod)
  }
  return nodes
    .filter(isOpen)
    .map((node) => roomOf(node, byNode.get(node.metadata.name) ?? [], settings))
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
): NodeRoom {
  const labels = node.metadata.labels ?? {}
  const allocatable = valuesOf(node.status?.allocatable ?? {})
  const kind = kindOf(labels, allocatable, settings)
  const gpus = gpuNames(kind, labels, allocatable, settings)
  const asked = pods.reduce<Record<string, number>>((sum, { asks = {} }) => {
    for (const [name, amount] of Object.entries(asks)) sum[name] = (sum[name] ?? 0) + amount
    return sum
  }, {})
  const total = amountsOf(allocatable, gpus, Math.floor)
  const taken = amountsOf(asked, gpus, Math.ceil)
  const places = Math.floor(allocatable.pods ?? 0)
  capGpus(total, labels, settings)
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
): NodeRoom['runs'] {
  if (labels[machinesLabel] !== 'true') return 'container'
  const said = labels[workloadKindLabel]
  if (said === 'container' || said === 'vm-passthrough' || said === 'vm-vgpu') return said
  const has = (name: string) => (allocatable[name] ?? 0) > 0
  const forTasks = Object.values(taskGpus).some(({ resourceName }) => has(resourceName))
  const forMachines = Object.values(gpus).some(
    (gpu) => gpu.by === 'device-plugin' && has(gpu.resourceName),
  )
  if (forTasks && !forMachines) return 'container'
  return forMachines && !forTasks ? 'vm-passthrough' : 'any'
}

/** GPU types of the catalogue with the name each goes by on a node of this kind. */
function gpuNames(
  kind: NodeRoom['runs'],
  labels: Readonly<Record<string, string>>,
  allocatable: Values,
  { gpus, taskGpus = {} }: CapacitySettings,
): readonly (readonly [NodeResource, string])[] {
  const names = new Map<NodeResource, string>()
  if (kind === 'any' || kind === 'container')
    for (const [type, { resourceName, nodeLabels = {} }] of Object.entries(taskGpus))
      if (Object.entries(nodeLabels).every(([name, value]) => labels[name] === value))
        names.set(`gpu/${type}`, resourceName)
  if (kind !== 'container')
    for (const [type, gpu] of Object.entries(gpus))
      if (gpu.by === 'device-plugin' && (allocatable[gpu.resourceName] ?? 0) > 0)
        names.set(`gpu/${type}`, gpu.resourceName)
  return [...names].filter(([, name]) => (allocatable[name] ?? 0) > 0)
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

/** A card is cut into no more parts than the operator says, whatever a device plugin counts. */
function capGpus(
  total: Partial<Record<NodeResource, number>>,
  labels: Readonly<Record<string, string>>,
  { gpus }: CapacitySettings,
): void {
  const cards = Number(labels[cardsLabel] ?? Number.NaN)
  if (!Number.isInteger(cards)) return
  for (const [type, gpu] of Object.entries(gpus)) {
    const resource: NodeResource = `gpu/${type}`
    const known = total[resource]
    if (gpu.by === 'device-plugin' && known !== undefined)
      total[resource] = Math.min(known, cards * gpu.perCard)
  }
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
