import type { GpuTypeName, ImageName, PoolName, TenantId } from '@leasehold/domain'
import type { KubernetesPoolSettings } from '../../pool-settings.ts'

/** A cluster with two kinds of GPUs, two storage classes and one golden disk. */
export function someSettings(facts: Partial<KubernetesPoolSettings> = {}): KubernetesPoolSettings {
  return {
    name: 'east' as PoolName,
    region: 'east-1',
    kubeconfig: null,
    prefix: 'lh',
    systemNamespace: 'leasehold-system',
    images: {
      ['debian-12' as ImageName]: {
        dataSource: { namespace: 'leasehold-images', name: 'debian-12' },
      },
    },
    taskImages: {},
    gpus: {
      ['a100-40gb' as GpuTypeName]: {
        by: 'device-plugin',
        resourceName: 'nvidia.com/GA100_A100_PCIE_40GB',
        perCard: 1,
      },
      ['t4-4q' as GpuTypeName]: {
        by: 'device-plugin',
        resourceName: 'nvidia.com/GRID_T4-4Q',
        perCard: 4,
      },
    },
    taskGpus: { ['a100-40gb' as GpuTypeName]: { resourceName: 'nvidia.com/gpu' } },
    storageClasses: { default: 'standard', log: 'fast' },
    tenantStorageClasses: { ['ten_vault' as TenantId]: { default: 'vault' } },
    kueueClusterQueue: null,
    kataRuntimeClass: null,
    runApiUrl: 'http://10.9.0.1:8081',
    clusterRanges: ['10.244.0.0/16', '10.96.0.0/16', '203.0.113.0/28'],
    openEndpoints: [
      { cidr: '10.9.0.1/32', port: 8081 },
      { cidr: '10.9.0.2/32', port: 9000 },
    ],
    ...facts,
  }
}
