import type { Tier } from '@leasehold/domain'

/** One change to `someMachine`, in a tenant's namespace of that tier. */
export type MachineCase = {
  readonly what: string
  readonly tier: Tier
  readonly changes: Readonly<Record<string, unknown>>
}

export const template = 'spec.template.spec'
export const domain = `${template}.domain`
const gpu = (deviceName: string) => ({ [`${domain}.devices.gpus`]: [{ name: 'gpu', deviceName }] })
const criticalMark = { 'spec.template.metadata.labels': { 'leasehold.dev/critical': 'true' } }
const dedicated = {
  [`${domain}.cpu.dedicatedCpuPlacement`]: true,
  [`${domain}.resources.requests`]: { memory: '1Gi' },
}

/** What each tier lets through, so that a refusal below is about the one thing that was changed. */
export const admitted: readonly MachineCase[] = [
  { what: 'a machine with all of it reserved', tier: 'production', changes: {} },
  {
    what: 'a critical machine with CPUs of its own',
    tier: 'production',
    changes: { ...criticalMark, ...dedicated },
  },
  {
    what: '1.25 vCPUs per CPU',
    tier: 'test',
    changes: { [`${domain}.resources.requests.cpu`]: '1600m' },
  },
  {
    what: '1.5 vCPUs per CPU and 1.5 of memory',
    tier: 'dev',
    changes: { [`${domain}.resources.requests`]: { cpu: '1334m', memory: '683Mi' } },
  },
  { what: 'a GPU that the pool offers', tier: 'dev', changes: gpu('nvidia.com/GRID_T4-4Q') },
  {
    what: 'annotations of ours and of KubeVirt',
    tier: 'dev',
    changes: {
      'spec.template.metadata.annotations': {
        'leasehold.dev/generation': '1',
        'kubevirt.io/x': 'y',
      },
    },
  },
]

export const refused: readonly (MachineCase & { readonly says: string })[] = [
  {
    what: 'any CPU overcommit',
    tier: 'production',
    changes: { [`${domain}.resources.requests.cpu`]: '1900m' },
    says: 'CPU overcommit: 2 vCPUs on 1900m reserved CPUs; this tier allows 1 vCPUs per CPU',
  },
  {
    what: 'CPU overcommit past its ratio',
    tier: 'dev',
    changes: { [`${domain}.resources.requests.cpu`]: '1300m' },
    says: 'this tier allows 1.5 vCPUs per CPU, so requests.cpu must be larger',
  },
  {
    what: 'a machine that leaves its CPU request to KubeVirt, which would take a tenth',
    tier: 'dev',
    changes: { [`${domain}.resources.requests.cpu`]: null },
    says: 'CPU overcommit: 2 vCPUs on 0m reserved CPUs',
  },
  {
    what: 'memory overcommit',
    tier: 'production',
    changes: { [`${domain}.resources.requests.memory`]: '1000Mi' },
    says: 'memory overcommit: a guest of 1024 MiB on 1000 reserved MiB; this tier allows 1 to 1',
  },
  {
    what: 'a critical machine without CPUs of its own',
    tier: 'production',
    changes: criticalMark,
    says: 'a critical machine of this tier needs CPUs of its own',
  },
  {
    what: 'an overcommitted critical machine',
    tier: 'dev',
    changes: { ...criticalMark, [`${domain}.resources.requests.cpu`]: '1500m' },
    says: 'a critical machine is never overcommitted: requests.cpu must be 2',
  },
  {
    what: 'a critical machine that may be given more memory than is reserved',
    tier: 'test',
    changes: criticalMark,
    says: 'requests.memory, limits.memory and the guest must be the same',
  },
  {
    what: 'CPUs of its own',
    tier: 'dev',
    changes: dedicated,
    says: 'CPUs of its own are not given to machines of this tier',
  },
  {
    what: 'an instance type, which would set sizes behind our back',
    tier: 'dev',
    changes: {
      'spec.instancetype': { name: 'u1.small' },
      [`${domain}.cpu`]: null,
      [`${domain}.memory`]: null,
      [`${domain}.resources`]: null,
    },
    says: 'instance types are not used here',
  },
  {
    what: 'a GPU that the pool does not offer',
    tier: 'production',
    changes: gpu('nvidia.com/TU104GL_Tesla_T4'),
    says: 'it offers: nvidia.com/GA100_A100_PCIE_40GB, nvidia.com/GRID_T4-4Q',
  },
  {
    what: 'a host device',
    tier: 'dev',
    changes: {
      [`${domain}.devices.hostDevices`]: [{ name: 'card', deviceName: 'nvidia.com/GRID_T4-4Q' }],
    },
    says: 'host devices are not given to tenants',
  },
  {
    what: 'a kernel from a container',
    tier: 'dev',
    changes: {
      [`${domain}.firmware`]: { kernelBoot: { container: { image: 'x', kernelPath: '/k' } } },
    },
    says: 'kernels from containers are not used here',
  },
  {
    what: 'a bridge',
    tier: 'dev',
    changes: { [`${domain}.devices.interfaces`]: [{ name: 'default', bridge: {} }] },
    says: 'the pod network through masquerade and no other',
  },
  {
    what: 'no word about the network, which KubeVirt takes for a bridge',
    tier: 'dev',
    changes: { [`${domain}.devices.interfaces`]: null, [`${template}.networks`]: null },
    says: 'the pod network through masquerade and no other',
  },
  {
    what: 'a second network',
    tier: 'dev',
    changes: {
      [`${domain}.devices.interfaces`]: [
        { name: 'default', masquerade: {} },
        { name: 'lan', masquerade: {} },
      ],
      [`${template}.networks`]: [
        { name: 'default', pod: {} },
        { name: 'lan', multus: { networkName: 'lan' } },
      ],
    },
    says: 'the pod network through masquerade and no other',
  },
  {
    what: 'a hook side-car',
    tier: 'dev',
    changes: { 'spec.template.metadata.annotations': { 'hooks.kubevirt.io/hookSidecars': '[]' } },
    says: 'others add hooks, side-cars and networks',
  },
  {
    what: 'a host disk',
    tier: 'dev',
    changes: {
      [`${template}.volumes.0`]: {
        name: 'scratch',
        hostDisk: { path: '/etc/shadow', type: 'Disk' },
      },
    },
    says: 'no host disks, no service account tokens',
  },
  {
    what: 'a service account’s token',
    tier: 'dev',
    changes: {
      [`${template}.volumes.0`]: {
        name: 'scratch',
        serviceAccount: { serviceAccountName: 'default' },
      },
    },
    says: 'no host disks, no service account tokens',
  },
  {
    what: 'another Secret as a disk',
    tier: 'dev',
    changes: {
      [`${template}.volumes.0`]: { name: 'scratch', secret: { secretName: 'of-another-lease' } },
    },
    says: 'no other Secrets',
  },
  {
    what: 'cloud-init in the spec',
    tier: 'dev',
    changes: {
      [`${template}.volumes.1`]: { name: 'seed', cloudInitNoCloud: { userData: '#cloud-config' } },
    },
    says: 'cloud-init comes from a Secret',
  },
  {
    what: 'a disk fetched from an address',
    tier: 'dev',
    changes: {
      'spec.dataVolumeTemplates': [
        {
          metadata: { name: 'd' },
          spec: {
            source: { http: { url: 'http://10.96.0.1/' } },
            storage: { resources: { requests: { storage: '1Gi' } } },
          },
        },
      ],
      [`${template}.volumes.0`]: { name: 'scratch', dataVolume: { name: 'd' } },
    },
    says: 'nothing is fetched from an address',
  },
  {
    what: 'a priority of the system',
    tier: 'dev',
    changes: { [`${template}.priorityClassName`]: 'system-node-critical' },
    says: 'no priority of the system',
  },
  {
    what: 'standing every taint',
    tier: 'dev',
    changes: { [`${template}.tolerations`]: [{ operator: 'Exists' }] },
    says: 'named taints of worker nodes only',
  },
]
