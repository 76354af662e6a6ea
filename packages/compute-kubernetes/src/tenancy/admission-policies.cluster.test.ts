import type { Tenant, Tier } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeManifest } from '../client/kube-object.ts'
import { changed, someMachine } from './testing/some-machine.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const template = 'spec.template.spec'
const domain = `${template}.domain`
const gpu = (deviceName: string) => ({ [`${domain}.devices.gpus`]: [{ name: 'gpu', deviceName }] })
const criticalMark = { 'spec.template.metadata.labels': { 'leasehold.dev/critical': 'true' } }
const dedicated = {
  [`${domain}.cpu.dedicatedCpuPlacement`]: true,
  [`${domain}.resources.requests`]: { memory: '1Gi' },
}

/** What each tier lets through, so that a refusal below is about the one thing that was changed. */
const admitted: readonly { what: string; tier: Tier; changes: object }[] = [
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

const refused: readonly { what: string; tier: Tier; changes: object; says: string }[] = [
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

describeOnCluster('the API server, in a tenant’s namespace', (cluster) => {
  let place: TenancyOnCluster
  const tenants = new Map<Tier, Tenant>()
  beforeAll(async () => {
    const own = {
      production: {},
      test: {},
      dev: { migration: { parallel: 0, vcpu: 0, memoryMiB: 0 } },
    }
    place = await openTenancyOnCluster(cluster, { tiers: own })
    for (const tier of ['production', 'test', 'dev'] as const)
      tenants.set(tier, await place.newTenant({ tier }))
    // A policy that was just made takes a moment to be looked at.
    const hasToken = { name: 'scratch', serviceAccount: { serviceAccountName: 'default' } }
    for (const tier of tenants.keys())
      await vi.waitFor(
        () =>
          expect(create(tier, { [`${template}.volumes.0`]: hasToken })).rejects.toThrow('tokens'),
        { timeout: 20_000, interval: 200 },
      )
  })
  afterAll(() => place?.close())

  const namespaceOf = (tier: Tier) =>
    place.namespaceOf(tenants.get(tier) ?? { id: 'none' as never })
  const create = (tier: Tier, changes: object) => {
    const machine = changed(someMachine(namespaceOf(tier), 'm'), changes as Record<string, unknown>)
    return place.client.create(kinds.virtualMachines, machine, signal, { dryRun: true })
  }
  const createOther = (kind: KindInfo, body: object, name = 'x') => {
    const metadata = { namespace: namespaceOf('dev'), name }
    const manifest = { metadata, ...body } as KubeManifest
    return place.client.create(kind, manifest, signal, { dryRun: true })
  }

  describe('takes', () => {
    it.each(admitted)('$what, in $tier', async ({ tier, changes }) => {
      await expect(create(tier, changes)).resolves.toMatchObject({ metadata: { name: 'm' } })
    })
  })

  describe('refuses', () => {
    it.each(refused)('$what, in $tier', async ({ tier, changes, says }) => {
      await expect(create(tier, changes)).rejects.toThrow(says)
    })

    it('a pod with a device that the pool does not offer', async () => {
      await expect(createOther(kinds.pods, podWith({ 'example.com/other': '1' }))).rejects.toThrow(
        'a device that this pool does not offer',
      )
    })

    it('a pod that would be privileged, by Pod Security', async () => {
      const pod = {
        spec: { containers: [{ ...container, securityContext: { privileged: true } }] },
      }

      await expect(createOther(kinds.pods, pod)).rejects.toThrow('violates PodSecurity "baseline')
    })

    it('a claim of a storage class that is not open to the tenant', async () => {
      const spec = (storageClassName: string) => ({
        spec: {
          accessModes: ['ReadWriteOnce'],
          storageClassName,
          resources: { requests: { storage: '1Gi' } },
        },
      })
      await expect(createOther(kinds.persistentVolumeClaims, spec('vault'))).rejects.toThrow(
        'the storage class vault is not open to this tenant; these are: fast,standard',
      )
      await expect(createOther(kinds.persistentVolumeClaims, spec('fast'))).resolves.toBeTruthy()
    })

    it('a service with an address outside the cluster', async () => {
      const spec = { ports: [{ port: 80 }], externalIPs: ['203.0.113.9'] }

      await expect(createOther(kinds.services, { spec })).rejects.toThrow('stay inside the cluster')
      await expect(
        createOther(kinds.services, { spec: { ports: [{ port: 80 }] } }),
      ).resolves.toBeTruthy()
    })

    it('a claim for devices of a class that the pool does not offer', async () => {
      const requests = [{ name: 'gpu', exactly: { deviceClassName: 'any.example.com' } }]

      await expect(
        createOther(kinds.resourceClaims, { spec: { devices: { requests } } }),
      ).rejects.toThrow('a class of devices that this pool does not offer')
    })
  })

  it('lets a machine go that stricter rules overtook: it can be stopped and deleted', async () => {
    const namespace = namespaceOf('dev')
    const machine = changed(someMachine(namespace, 'old'), {
      [`${domain}.resources.requests`]: { cpu: '1334m', memory: '683Mi' },
    })
    const ref = { kind: kinds.virtualMachines, namespace, name: 'old' }
    await place.client.create(ref.kind, machine, signal)
    const tier = 'production'
    await place.driver.ensureTenant({ ...(tenants.get('dev') as Tenant), tier }, signal)

    const template = { spec: { template: { metadata: { labels: { touched: 'yes' } } } } }
    await vi.waitFor(
      () =>
        expect(place.client.mergePatch(ref, template, signal, { dryRun: true })).rejects.toThrow(
          'CPU overcommit',
        ),
      { timeout: 10_000, interval: 100 },
    )
    await place.client.mergePatch(ref, { metadata: { labels: { x: 'y' } } }, signal)
    expect(await place.client.delete(ref, signal)).toBe('deleted')
    await place.driver.ensureTenant(tenants.get('dev') as Tenant, signal)
  })
})

const container = {
  name: 'c',
  image: 'none.invalid/none',
  resources: { requests: { cpu: '1', memory: '1Mi' } },
}

function podWith(limits: Readonly<Record<string, string>>): object {
  return { spec: { containers: [{ ...container, resources: { ...container.resources, limits } }] } }
}
