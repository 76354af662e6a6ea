import type { NodeResource, NodeRoom } from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import type { ClaimedDevices } from './claimed-devices.ts'

/** The part of a pool's settings that says what GPUs are called on its nodes. */
export type CapacitySettings = Pick<KubernetesPoolSettings, 'gpus' | 'taskGpus'>

/** Cards of a node (NVIDIA GPU Feature Discovery). */
const cardsLabel = 'nvidia.com/gpu.count'

type Labels = Readonly<Record<string, string>>
type Values = Readonly<Record<string, number>>
type Amounts = Partial<Record<NodeResource, number>>

/** GPU types of the catalogue with the name each goes by on a node of this kind. */
export function gpuNames(
  kind: NodeRoom['runs'],
  labels: Labels,
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

/** A card is cut into no more parts than the operator says, whatever a device plugin counts. */
export function capGpus(total: Amounts, labels: Labels, { gpus }: CapacitySettings): void {
  const cards = Number(labels[cardsLabel] ?? Number.NaN)
  if (!Number.isInteger(cards)) return
  for (const [type, gpu] of Object.entries(gpus)) {
    const resource: NodeResource = `gpu/${type}`
    const known = total[resource]
    if (gpu.by === 'device-plugin' && known !== undefined)
      total[resource] = Math.min(known, cards * gpu.perCard)
  }
}

/** Devices that machines get by claims. Two types of one class share its devices. */
export function addClaimed(
  total: Amounts,
  taken: Amounts,
  { gpus }: CapacitySettings,
  devices: ReadonlyMap<string, ClaimedDevices>,
): void {
  for (const [type, gpu] of Object.entries(gpus)) {
    const found = gpu.by === 'dra' ? devices.get(gpu.deviceClassName) : undefined
    if (found === undefined) continue
    total[`gpu/${type}`] = found.total
    taken[`gpu/${type}`] = found.taken
  }
}
