import type { Tenant } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()

describeOnCluster('a tenant’s quota', (cluster) => {
  let place: TenancyOnCluster
  let tenant: Tenant
  beforeAll(async () => {
    place = await openTenancyOnCluster(cluster)
    const limits = { vcpu: 2, 'memory-mib': 2_048, 'disk-gib': 47, leases: 1, 'gpu/a100-40gb': 1 }
    place.limits.set('ten_t1' as Tenant['id'], limits)
    tenant = await place.newTenant({ tier: 'production' })
  })
  afterAll(() => place?.close())

  const createPod = (name: string, resources: object) =>
    place.client.create(
      kinds.pods,
      {
        metadata: { namespace: place.namespaceOf(tenant), name },
        spec: {
          // On no node: the quota is asked first.
          nodeSelector: { 'leasehold.dev/none': 'none' },
          containers: [{ name: 'c', image: 'none.invalid/none', resources }],
        },
      },
      signal,
    )

  it.each([
    {
      what: 'CPUs',
      ask: { cpu: '100', memory: '1Mi' },
      says: /exceeded quota: leasehold, requested: .*requests\.cpu=100, used: .*requests\.cpu=0, limited: .*requests\.cpu=8230m/,
    },
    {
      what: 'memory',
      ask: { cpu: '1m', memory: '64Gi' },
      says: /requested: .*requests\.memory=64Gi, used: .*limited: .*requests\.memory=\d+Mi/,
    },
    {
      what: 'GPUs',
      ask: { cpu: '1m', memory: '1Mi', 'nvidia.com/GA100_A100_PCIE_40GB': '2' },
      says: /requests\.nvidia\.com\/GA100_A100_PCIE_40GB=2, used: .*=0, limited: .*=1/,
    },
    {
      what: 'GPUs of a type it has no limit for',
      ask: { cpu: '1m', memory: '1Mi', 'nvidia.com/GRID_T4-4Q': '1' },
      says: /requests\.nvidia\.com\/GRID_T4-4Q=1, used: .*=0, limited: .*=0/,
    },
    {
      what: 'huge pages',
      ask: { cpu: '1m', memory: '1Mi', 'hugepages-2Mi': '64Gi' },
      says: /requests\.hugepages-2Mi=64Gi, used: .*=0, limited: .*=4Gi/,
    },
  ])('refuses too many $what with the numbers', async ({ ask, says }) => {
    await expect(createPod('p', { requests: ask, limits: ask })).rejects.toThrow(says)
  })

  it('refuses a pod without limits in a tier that caps what is used', async () => {
    const requests = { cpu: '1m', memory: '1Mi' }

    await expect(createPod('p', { requests })).rejects.toThrow('must specify limits.cpu')
  })

  it('takes what is within the limits, overhead and all, from the first moment on', async () => {
    const other = await place.newTenant()
    const all = { cpu: '1', memory: '512Mi' }

    await place.client.create(
      kinds.pods,
      {
        metadata: { namespace: place.namespaceOf(other), name: 'p' },
        spec: {
          nodeSelector: { 'leasehold.dev/none': 'none' },
          containers: [{ name: 'c', image: 'none.invalid/none', resources: { requests: all } }],
        },
      },
      signal,
    )
  })

  it('refuses more disk than the tenant has, and a load balancer', async () => {
    const namespace = place.namespaceOf(tenant)
    const claim = (name: string, storage: string) =>
      place.client.create(
        kinds.persistentVolumeClaims,
        {
          metadata: { namespace, name },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: 'standard',
            resources: { requests: { storage } },
          },
        },
        signal,
      )
    await expect(claim('big', '60Gi')).rejects.toThrow(
      'maximum storage usage per PersistentVolumeClaim is 50Gi',
    )
    await claim('a', '50Gi')
    await claim('b', '50Gi')
    await expect(claim('c', '1Gi')).rejects.toThrow(
      /requests\.storage=1Gi, used: .*requests\.storage=100Gi, limited/,
    )
    const balancer = { type: 'LoadBalancer', ports: [{ port: 22 }] }
    await expect(
      place.client.create(
        kinds.services,
        { metadata: { namespace, name: 'lb' }, spec: balancer },
        signal,
      ),
    ).rejects.toThrow()
  })
})
