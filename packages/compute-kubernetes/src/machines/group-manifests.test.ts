import type { ImageName, MachineTypeName, TenantId } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import {
  groupManifest,
  groupScalerManifest,
  groupSeedManifest,
  type MachineGroupOrder,
} from './group-manifests.ts'
import { machineSettings } from './testing/an-order.ts'

const cpu = { sockets: 1, cores: 4, threads: 1, model: 'host-model', overcommitPercent: 150 }
const order: MachineGroupOrder = {
  tenantId: 'ten_1' as TenantId,
  name: 'workers',
  machineType: 'general' as MachineTypeName,
  shape: aShape({ cpu }),
  image: 'debian-12' as ImageName,
  authorizedKeys: ['ssh-ed25519 AAAA1'],
  size: 3,
}

describe('the objects of a group', () => {
  it('select its machines by their label, and number their disks apart', () => {
    expect(groupManifest(order, 3, machineSettings)).toMatchObject({
      metadata: { namespace: 'hold-ten-1', name: 'workers' },
      spec: {
        replicas: 3,
        selector: { matchLabels: { 'leasehold.dev/machine-group': 'workers' } },
        virtualMachineTemplate: {
          metadata: { labels: { 'leasehold.dev/machine-group': 'workers' } },
          spec: {
            runStrategy: 'Always',
            dataVolumeTemplates: [{ metadata: { name: 'workers-system' } }],
            template: { metadata: { labels: { 'leasehold.dev/machine-group': 'workers' } } },
          },
        },
      },
    })
  })

  it('do not name a number that others decide', () => {
    expect(groupManifest(order, null, machineSettings).spec).not.toHaveProperty('replicas')
  })

  it('keep secrets in a Secret that goes with the group', () => {
    const seed = groupSeedManifest(order, 'uid-1', machineSettings)

    expect(seed.metadata.ownerReferences).toMatchObject([{ name: 'workers', uid: 'uid-1' }])
    expect(JSON.stringify(groupManifest(order, 3, machineSettings))).not.toContain('AAAA1')
  })

  it('scale at a share of the CPUs the guests see, not of those that are reserved', () => {
    const scaling = { min: 1, max: 9, targetCpuPercent: 60 }

    expect(groupScalerManifest(order, scaling, 'uid-1', machineSettings)).toMatchObject({
      spec: {
        scaleTargetRef: { kind: 'VirtualMachinePool', name: 'workers' },
        minReplicas: 1,
        maxReplicas: 9,
        metrics: [
          {
            containerResource: {
              container: 'compute',
              target: { type: 'Utilization', averageUtilization: 90 },
            },
          },
        ],
      },
    })
  })
})
