import type { ImageName, MachineShape, MachineTypeName, TenantId } from '@leasehold/domain'
import { guestSeed } from '@leasehold/guest'
import type { KubeManifest } from '../client/kube-object.ts'
import { diskVolumeName, labelNames, namespaceOf, tenantLabels } from '../object-names.ts'
import type { MachineSettings } from './manifest-settings.ts'
import { machineSpec } from './virtual-machine-manifest.ts'

/** Like machines of one tenant, as many as wanted: KubeVirt's VirtualMachinePool. */
export type MachineGroupOrder = {
  readonly tenantId: TenantId
  /** Unique within the tenant: `^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$`. Machines are called `<name>-<number>`. */
  readonly name: string
  readonly machineType: MachineTypeName
  readonly shape: MachineShape
  readonly image: ImageName
  readonly authorizedKeys: readonly string[]
  /** How many machines: a number, or between two as their CPUs are busy. */
  readonly size: number | GroupScaling
}

export type GroupScaling = {
  readonly min: number
  readonly max: number
  /** Of the machines' CPUs, on the average: more adds machines, less takes some away. */
  readonly targetCpuPercent: number
}

const poolKind = { apiVersion: 'pool.kubevirt.io/v1beta1', kind: 'VirtualMachinePool' } as const

const selectorOf = ({ name }: MachineGroupOrder) => ({ [labelNames.machineGroup]: name })

function labelsOf(order: MachineGroupOrder, settings: MachineSettings): Record<string, string> {
  return {
    ...tenantLabels(order.tenantId, settings.name),
    ...selectorOf(order),
    [labelNames.machineType]: order.machineType,
  }
}

function metadataOf(order: MachineGroupOrder, settings: MachineSettings, name = order.name) {
  const namespace = namespaceOf(settings.prefix, order.tenantId)
  return { namespace, name, labels: labelsOf(order, settings) }
}

/**
 * The VirtualMachinePool. `replicas` null leaves the number to whoever scales it (HPA, `kubectl scale`): what is not
 * said is not taken back. `Always`: a machine of a group that goes off comes back. Pure.
 */
export function groupManifest(
  order: MachineGroupOrder,
  replicas: number | null,
  settings: MachineSettings,
): KubeManifest {
  const labels = labelsOf(order, settings)
  const names = {
    claim: (role: Parameters<typeof diskVolumeName>[0], index: number) =>
      `${order.name}-${diskVolumeName(role, index)}`,
    seed: groupSeedName(order.name),
  }
  const { tenantId, machineType, image } = order
  const shape = withoutGrowth(order.shape)
  return {
    metadata: metadataOf(order, settings),
    spec: {
      ...(replicas === null ? {} : { replicas }),
      selector: { matchLabels: selectorOf(order) },
      virtualMachineTemplate: {
        metadata: { labels: { ...labels, [labelNames.role]: 'machine' } },
        spec: machineSpec(
          {
            ...{ tenantId, machineType, shape, image, names, labels },
            runStrategy: 'Always',
            annotations: {},
          },
          settings,
        ),
      },
    },
  }
}

/** A group grows by machines, and KubeVirt takes no ceiling of memory in the template of one. */
function withoutGrowth({ memory = {}, ...shape }: MachineShape): MachineShape {
  const { maxMiB: _maxMiB, ...kept } = memory
  return { ...shape, memory: kept }
}

export function groupSeedName(name: string): string {
  return `${name}-group-seed`
}

/** One seed for all: the renter's keys and nothing that must be one machine's own, so each makes its host key itself. */
export function groupSeedManifest(
  order: MachineGroupOrder,
  groupUid: string,
  settings: MachineSettings,
): KubeManifest {
  const seed = guestSeed({
    instanceId: order.name,
    hostName: order.name,
    authorizedKeys: order.authorizedKeys,
    hostKey: null,
    jupyterToken: null,
    swapOff: order.shape.memory?.guestSwapOff ?? false,
  })
  return {
    metadata: {
      ...metadataOf(order, settings, groupSeedName(order.name)),
      ownerReferences: [{ ...poolKind, name: order.name, uid: groupUid }],
    },
    type: 'Opaque',
    data: { userdata: Buffer.from(seed['user-data'], 'utf8').toString('base64') },
  }
}

const scaleDownSeconds = 300

/**
 * The HorizontalPodAutoscaler. It measures the launcher's container with QEMU against what that reserves, and a
 * machine whose CPUs are promised more often than they are there uses more than it reserves: the target is reckoned
 * accordingly. Pure.
 */
export function groupScalerManifest(
  order: MachineGroupOrder,
  { min, max, targetCpuPercent }: GroupScaling,
  groupUid: string,
  settings: MachineSettings,
): KubeManifest {
  const { overcommitPercent = 100 } = order.shape.cpu
  const averageUtilization = Math.round((targetCpuPercent * overcommitPercent) / 100)
  return {
    metadata: {
      ...metadataOf(order, settings),
      ownerReferences: [{ ...poolKind, name: order.name, uid: groupUid }],
    },
    spec: {
      scaleTargetRef: { ...poolKind, name: order.name },
      minReplicas: min,
      maxReplicas: max,
      metrics: [
        {
          type: 'ContainerResource',
          containerResource: {
            name: 'cpu',
            container: 'compute',
            target: { type: 'Utilization', averageUtilization },
          },
        },
      ],
      behavior: { scaleDown: { stabilizationWindowSeconds: scaleDownSeconds } },
    },
  }
}
