import type { MachineOrder } from '@leasehold/application'
import type { ImageName, MachineShape, MachineTypeName, TenantId } from '@leasehold/domain'
import type { KubeManifest } from '../client/kube-object.ts'
import {
  annotationNames,
  diskClaimName,
  labelNames,
  leaseLabels,
  machineName,
  namespaceOf,
  seedSecretName,
} from '../object-names.ts'
import { criticalLabel } from '../tenancy/machine-rules.ts'
import { domainCpu, domainMemory, domainResources } from './machine-cpu-and-memory.ts'
import { diskTemplates, domainDisks, machineVolumes, type PartNames } from './machine-disks.ts'
import { machineGpus } from './machine-gpus.ts'
import { machinePlacement } from './machine-placement.ts'
import type { MachineSettings } from './manifest-settings.ts'

/**
 * The VirtualMachine of an order. No secret is in it: cloud-init's documents are in a Secret (`seedManifest`).
 * `RerunOnFailure`: a machine whose process or node died comes back by itself; one that its renter powered off
 * stays off. Pure; throws for a GPU type or image that the settings lack, which `shapeRefusal` finds first.
 */
export function virtualMachineManifest(
  order: Omit<MachineOrder, 'hostKeyPrivate' | 'jupyterToken'>,
  settings: MachineSettings,
): KubeManifest {
  const { leaseId } = order
  const labels = leaseLabels({ ...order, pool: settings.name })
  const annotations = { [annotationNames.generation]: String(order.generation) }
  const names: PartNames = {
    claim: (role, index) => diskClaimName(leaseId, role, index),
    seed: seedSecretName(leaseId),
  }
  return {
    metadata: {
      namespace: namespaceOf(settings.prefix, order.tenantId),
      name: machineName(leaseId),
      labels: { ...labels, [labelNames.role]: 'machine' },
      annotations,
    },
    spec: machineSpec(
      { ...order, runStrategy: 'RerunOnFailure', names, labels, annotations },
      settings,
    ),
  }
}

export type MachineSpecOrder = {
  readonly tenantId: TenantId
  readonly machineType: MachineTypeName
  readonly shape: MachineShape
  readonly image: ImageName
  /** Absent: the machine's own name. */
  readonly hostName?: string
  readonly runStrategy: 'RerunOnFailure' | 'Always'
  readonly names: PartNames
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

/** `spec` of a VirtualMachine, on its own or as the template of a group. Pure. */
export function machineSpec(order: MachineSpecOrder, settings: MachineSettings): object {
  const { labels, annotations, names, runStrategy, shape } = order
  return {
    runStrategy,
    dataVolumeTemplates: diskTemplates(
      order,
      names,
      { ...labels, [labelNames.role]: 'disk' },
      settings,
    ),
    template: {
      metadata: {
        labels: {
          ...labels,
          [labelNames.role]: 'machine',
          ...(shape.critical === true ? { [criticalLabel]: 'true' } : {}),
        },
        annotations,
      },
      spec: instanceSpec(order, settings),
    },
  }
}

function instanceSpec(order: MachineSpecOrder, settings: MachineSettings): object {
  const { shape, names, hostName } = order
  const gpus = machineGpus(shape, settings)
  return {
    ...(hostName === undefined ? {} : { hostname: hostName }),
    ...machinePlacement(order),
    ...(gpus.resourceClaims.length === 0 ? {} : { resourceClaims: gpus.resourceClaims }),
    domain: {
      cpu: domainCpu(shape.cpu),
      memory: domainMemory(shape),
      resources: domainResources(shape),
      devices: {
        disks: domainDisks(shape),
        // Without a word about the binding KubeVirt takes a bridge, which no live migration survives.
        interfaces: [{ name: 'default', model: 'virtio', masquerade: {} }],
        ...(gpus.devices.length === 0 ? {} : { gpus: gpus.devices }),
        ...(shape.multiQueue?.disks ? { blockMultiQueue: true } : {}),
        ...(shape.multiQueue?.network ? { networkInterfaceMultiqueue: true } : {}),
        autoattachMemBalloon: shape.memory?.balloonStatistics ?? true,
        // The launcher's container `guest-console-log` is where `consoleLog` reads.
        logSerialConsole: true,
        rng: {},
      },
    },
    networks: [{ name: 'default', pod: {} }],
    volumes: machineVolumes(names, shape),
  }
}
