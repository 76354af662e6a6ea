import type { MachineOrder } from '@leasehold/application'
import type { KubeManifest } from '../client/kube-object.ts'
import {
  annotationNames,
  labelNames,
  leaseLabels,
  machineName,
  namespaceOf,
} from '../object-names.ts'
import { criticalLabel } from '../tenancy/machine-rules.ts'
import { domainCpu, domainMemory, domainResources } from './machine-cpu-and-memory.ts'
import { diskTemplates, domainDisks, machineVolumes } from './machine-disks.ts'
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
  const labels = leaseLabels({ ...order, pool: settings.name })
  const generation = { [annotationNames.generation]: String(order.generation) }
  return {
    metadata: {
      namespace: namespaceOf(settings.prefix, order.tenantId),
      name: machineName(order.leaseId),
      labels: { ...labels, [labelNames.role]: 'machine' },
      annotations: generation,
    },
    spec: {
      runStrategy: 'RerunOnFailure',
      dataVolumeTemplates: diskTemplates(order, { ...labels, [labelNames.role]: 'disk' }, settings),
      template: {
        metadata: {
          labels: {
            ...labels,
            [labelNames.role]: 'machine',
            ...(order.shape.critical === true ? { [criticalLabel]: 'true' } : {}),
          },
          annotations: generation,
        },
        spec: machineTemplate(order, settings),
      },
    },
  }
}

function machineTemplate(
  order: Pick<MachineOrder, 'leaseId' | 'tenantId' | 'machineType' | 'shape' | 'hostName'>,
  settings: MachineSettings,
): object {
  const { shape, leaseId, hostName } = order
  const gpus = machineGpus(shape, settings)
  return {
    hostname: hostName,
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
    volumes: machineVolumes(leaseId, shape),
  }
}
