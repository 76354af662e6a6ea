import type { Tenant } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { launcherOverheadMiB } from './launcher-overhead.ts'
import { quantityValue } from './quantity-text.ts'
import { changed, someMachine } from './testing/some-machine.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const resources = 'spec.template.spec.domain.resources'
const all = { cpu: '2', memory: '1Gi' }

type Launcher = KubeObject & {
  readonly spec: {
    readonly containers: readonly {
      readonly name: string
      readonly resources: {
        readonly requests: Readonly<Record<string, string>>
        readonly limits?: Readonly<Record<string, string>>
      }
    }[]
  }
}

describeOnCluster(
  'a launcher that virt-controller makes in a tenant’s namespace',
  (cluster) => {
    let place: TenancyOnCluster
    const tenants = new Map<'dev' | 'production', Tenant>()
    beforeAll(async () => {
      place = await openTenancyOnCluster(cluster)
      for (const tier of ['dev', 'production'] as const)
        tenants.set(tier, await place.newTenant({ tier }))
    })
    afterAll(() => place?.close())

    it.each([
      {
        what: 'with everything reserved and nothing capped',
        tier: 'dev',
        name: 'plain',
        changes: {},
        isGuaranteed: false,
        limits: {},
      },
      {
        what: 'with limits equal to requests',
        tier: 'dev',
        name: 'guaranteed',
        changes: { [resources]: { requests: all, limits: all } },
        isGuaranteed: true,
        limits: { cpu: 2 },
      },
      {
        what: 'in a tier that caps what is used',
        tier: 'production',
        name: 'capped',
        changes: {},
        isGuaranteed: false,
        limits: { cpu: 2 },
      },
    ] as const)('asks for what the quota has room for: $what', async (row) => {
      const namespace = place.namespaceOf(tenants.get(row.tier) as Tenant)
      const machine = changed(someMachine(namespace, row.name), {
        'spec.runStrategy': 'Always',
        ...row.changes,
      })
      await place.client.create(kinds.virtualMachines, machine, signal)

      const selection = { namespace, labelSelector: `vm.kubevirt.io/name=${row.name}` }
      const compute = await vi.waitFor(
        async () => {
          const { items } = await place.client.list<Launcher>(kinds.pods, selection, signal)
          const found = items[0]?.spec.containers.find(({ name }) => name === 'compute')
          if (found === undefined) throw new Error('no launcher yet')
          return found
        },
        { timeout: 120_000, interval: 200 },
      )

      const { requests, limits = {} } = compute.resources
      const overhead = launcherOverheadMiB({
        vcpu: 2,
        memoryMiB: 1_024,
        hasGpu: false,
        isGuaranteed: row.isGuaranteed,
      })
      expect((quantityValue(requests.memory) ?? 0) / 2 ** 20).toBeCloseTo(1_024 + overhead, 0)
      expect(quantityValue(requests.cpu)).toBe(2)
      expect(quantityValue(limits.cpu)).toBe('cpu' in row.limits ? row.limits.cpu : null)
      await place.client.delete({ kind: kinds.virtualMachines, namespace, name: row.name }, signal)
    })
  },
  { level: 'real' },
)
