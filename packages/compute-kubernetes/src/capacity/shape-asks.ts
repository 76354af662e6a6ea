import {
  type CpuTopology,
  type Footprint,
  type MachineShape,
  type NodeResource,
  reservedCpuMilli,
  reservedMemoryMiB,
  type TaskIsolation,
  vcpuCount,
} from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { runResources } from '../tasks/run-resources.ts'
import { isolationsOf } from '../tasks/task-settings.ts'
import { kataOverhead } from '../tenancy/kata-overhead.ts'
import { launcherOverheadMiB } from '../tenancy/launcher-overhead.ts'
import { quantityValue } from '../tenancy/quantity-text.ts'

type AsksSettings = Pick<KubernetesPoolSettings, 'taskGpus' | 'kataRuntimeClass' | 'tasks'>
type Asks = Pick<Footprint, 'takes' | 'placement'>
type Takes = Partial<Record<NodeResource, number>>

/** KubeVirt asks for 50 MB of the node's own disk for every launcher. */
const launcherScratchMiB = 48
/** An emulator with a CPU of its own takes one more than the guest sees. */
const emulatorMilli = 1_000

/** What one machine or container of this shape asks of its node in this pool, and of which nodes. */
export function shapeAsks(
  shape: MachineShape,
  as: Footprint['as'],
  settings: AsksSettings,
  isolation: TaskIsolation | null = null,
): Asks {
  if (as === 'machine') return machineAsks(shape)
  return containerAsks(shape, settings, isolation ?? isolationsOf(settings)[0] ?? 'container')
}

/** What virt-controller makes the launcher pod ask for, from the manifest that Leasehold writes. */
function machineAsks(shape: MachineShape): Asks {
  const { cpu, memoryMiB, memory = {} } = shape
  const overheadMiB = launcherOverheadMiB({
    vcpu: vcpuCount(cpu),
    memoryMiB,
    hasGpu: shape.gpus.length > 0,
    isGuaranteed: shape.critical === true || cpu.dedicated !== undefined,
  })
  const takes: Takes = {
    'cpu-milli': machineCpuMilli(shape),
    'memory-mib': overheadMiB + (memory.hugePages === undefined ? reservedMemoryMiB(shape) : 0),
    'scratch-mib': launcherScratchMiB,
    places: 1,
  }
  if (memory.hugePages === '2Mi') takes['hugepages-2mi-mib'] = memoryMiB
  if (memory.hugePages === '1Gi') takes['hugepages-1gi-mib'] = memoryMiB
  for (const { type, count } of shape.gpus) addGpus(takes, type, count)
  const nodeLabels = { ...shape.placement?.nodeLabels, ...cpuLabels(cpu) }
  const placement =
    Object.keys(nodeLabels).length === 0 ? shape.placement : { ...shape.placement, nodeLabels }
  return { takes, placement: placement ?? null }
}

function machineCpuMilli(shape: MachineShape): number {
  const { dedicated } = shape.cpu
  if (dedicated === undefined) return reservedCpuMilli(shape)
  return vcpuCount(shape.cpu) * 1_000 + (dedicated.isolatedEmulatorThread ? emulatorMilli : 0)
}

const modelsOfAnyNode = ['host-model', 'host-passthrough', 'max']

/** Labels that KubeVirt gives nodes, and selects them by, for what a machine asks of its CPU. */
function cpuLabels({ model, features = [], dedicated }: CpuTopology): Record<string, string> {
  const labels: Record<string, string> = {}
  if (dedicated !== undefined) labels['kubevirt.io/cpumanager'] = 'true'
  if (!modelsOfAnyNode.includes(model)) labels[`cpu-model.node.kubevirt.io/${model}`] = 'true'
  for (const { name, policy } of features)
    if (policy === 'require') labels[`cpu-feature.node.kubevirt.io/${name}`] = 'true'
  return labels
}

/** What the two containers of a run ask for together, and the machine around them where there is one. */
function containerAsks(
  shape: MachineShape,
  settings: AsksSettings,
  isolation: TaskIsolation,
): Asks {
  const { agent, script } = runResources(shape, settings)
  const sum = (name: 'cpu' | 'memory' | 'ephemeral-storage') =>
    (quantityValue(agent.requests[name]) ?? 0) + (quantityValue(script.requests[name]) ?? 0)
  const around = isolation === 'kata' ? kataOverhead : { milliCpu: 0, memoryMiB: 0 }
  const takes: Takes = {
    'cpu-milli': Math.ceil(sum('cpu') * 1_000) + around.milliCpu,
    'memory-mib': Math.ceil(sum('memory') / 1_048_576) + around.memoryMiB,
    'scratch-mib': Math.ceil(sum('ephemeral-storage') / 1_048_576),
    places: 1,
  }
  for (const { type, count } of shape.gpus) addGpus(takes, type, count)
  return { takes, placement: shape.placement ?? null }
}

function addGpus(takes: Takes, type: string, count: number): void {
  const name: NodeResource = `gpu/${type}`
  takes[name] = (takes[name] ?? 0) + count
}
