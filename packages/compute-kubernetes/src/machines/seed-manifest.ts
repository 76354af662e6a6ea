import type { MachineOrder } from '@leasehold/application'
import { guestSeed } from '@leasehold/guest'
import type { KubeManifest } from '../client/kube-object.ts'
import {
  annotationNames,
  labelNames,
  leaseLabels,
  namespaceOf,
  seedSecretName,
} from '../object-names.ts'
import type { MachineSettings } from './manifest-settings.ts'

/**
 * The Secret with cloud-init's user data. It belongs to the VirtualMachine of `machineUid`, so it goes when that
 * goes, and a machine without it cannot boot. KubeVirt writes the meta-data itself: an instance id that follows
 * from the machine, and its host name. Network data is left out: the pod network gives the address by DHCP.
 */
export function seedManifest(
  order: MachineOrder,
  machine: { readonly name: string; readonly uid: string },
  settings: Pick<MachineSettings, 'name' | 'prefix'>,
): KubeManifest {
  const seed = guestSeed({
    instanceId: order.leaseId,
    hostName: order.hostName,
    authorizedKeys: order.authorizedKeys,
    hostKey: { privateOpenSsh: order.hostKeyPrivate, publicLine: order.hostKeyPublic },
    jupyterToken: order.jupyterToken,
    swapOff: order.shape.memory?.guestSwapOff ?? false,
  })
  return {
    metadata: {
      namespace: namespaceOf(settings.prefix, order.tenantId),
      name: seedSecretName(order.leaseId),
      labels: {
        ...leaseLabels({ ...order, pool: settings.name }),
        [labelNames.role]: 'seed',
      },
      annotations: { [annotationNames.generation]: String(order.generation) },
      ownerReferences: [
        { apiVersion: 'kubevirt.io/v1', kind: 'VirtualMachine', ...machine, controller: false },
      ],
    },
    type: 'Opaque',
    data: { userdata: Buffer.from(seed['user-data'], 'utf8').toString('base64') },
  }
}
