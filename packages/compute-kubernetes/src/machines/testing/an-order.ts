import type { MachineOrder } from '@leasehold/application'
import type { ImageName, LeaseId, MachineTypeName, PoolName, TenantId } from '@leasehold/domain'
import type { MachineSettings } from '../manifest-settings.ts'

/** A pool with one image, three storage classes and a GPU of each way to hand one out. */
export const machineSettings: MachineSettings = {
  name: 'east' as PoolName,
  prefix: 'hold',
  systemNamespace: 'leasehold-system',
  images: {
    ['debian-12' as ImageName]: { dataSource: { namespace: 'images', name: 'debian-12' } },
  },
  gpus: {
    'a100-80gb': {
      by: 'device-plugin',
      resourceName: 'nvidia.com/GA100_A100_PCIE_80GB',
      perCard: 1,
    },
    't4-vgpu-4gb': { by: 'device-plugin', resourceName: 'nvidia.com/GRID_T4-4Q', perCard: 4 },
    'a100-1g-10gb': { by: 'device-plugin', resourceName: 'nvidia.com/mig-1g.10gb', perCard: 7 },
    'l4-claimed': { by: 'dra', deviceClassName: 'vfio.gpu.example' },
  } as MachineSettings['gpus'],
  storageClasses: { default: 'standard', system: 'fast', log: 'archive' },
}

/** The first machine of lease `lse_1` of tenant `ten_1`. */
export function anOrder(facts: Partial<MachineOrder> = {}): MachineOrder {
  return {
    leaseId: 'lse_1' as LeaseId,
    tenantId: 'ten_1' as TenantId,
    machineType: 'tiny' as MachineTypeName,
    generation: 1,
    shape: {
      cpu: { sockets: 1, cores: 1, threads: 1, model: 'host-model' },
      memoryMiB: 1_024,
      disks: [{ role: 'system', sizeGiB: 4 }],
      gpus: [],
    },
    image: 'debian-12' as ImageName,
    hostName: 'training',
    authorizedKeys: ['ssh-ed25519 AAAA1'],
    hostKeyPrivate:
      '-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n-----END OPENSSH PRIVATE KEY-----\n',
    hostKeyPublic: 'ssh-ed25519 AAAAhost',
    jupyterToken: 'token-of-jupyter',
    ...facts,
  }
}
