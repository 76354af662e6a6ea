import type { GpuTypeName, MachineType, PoolName, Tenant, TenantId, Tier } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { starterMachineTypes } from '@leasehold/wiring/starter-catalogue'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { anOrder } from '../machines/testing/an-order.ts'
import { virtualMachineManifest } from '../machines/virtual-machine-manifest.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const machineTypes = starterMachineTypes('east' as PoolName)
const gpuTypes = new Set(machineTypes.flatMap(({ shape }) => shape.gpus.map(({ type }) => type)))
const gpus = Object.fromEntries(
  [...gpuTypes].map((type) => [
    type,
    { by: 'device-plugin', resourceName: `nvidia.com/${type}`, perCard: 1 },
  ]),
) as Record<GpuTypeName, KubernetesPoolSettings['gpus'][GpuTypeName]>

/** What a tier refuses of the catalogue, and why; everything else it takes. */
function refusalOf(tier: Tier, { shape }: MachineType): string | null {
  const { cpu, memory } = shape
  if (tier === 'dev' && cpu.dedicated !== undefined) return 'CPUs of its own are not given'
  const most = { production: 100, test: 125, dev: 150 }[tier]
  if ((cpu.overcommitPercent ?? 100) > most) return 'CPU overcommit'
  if ((memory?.overcommitPercent ?? 100) > (tier === 'dev' ? 150 : 100)) return 'memory overcommit'
  return null
}

describeOnCluster('machines of the catalogue, as the machine driver writes them', (cluster) => {
  let place: TenancyOnCluster
  const tenants = new Map<Tier, Tenant>()
  beforeAll(async () => {
    place = await openTenancyOnCluster(cluster, { gpus })
    for (const tier of ['production', 'test', 'dev'] as const)
      tenants.set(tier, await place.newTenant({ tier }))
  })
  afterAll(() => place?.close())

  describe.each(['production', 'test', 'dev'] as const)('in the tier %s', (tier) => {
    it.each([...machineTypes])(
      '$name is taken, or refused for what its tier says',
      async (type) => {
        const tenantId = tenants.get(tier)?.id as TenantId
        const order = anOrder({ tenantId, machineType: type.name, shape: type.shape })
        const create = place.client.create(
          kinds.virtualMachines,
          virtualMachineManifest(order, place.settings),
          signal,
          { dryRun: true },
        )

        const refusal = refusalOf(tier, type)
        if (refusal === null) await expect(create).resolves.toBeTruthy()
        else await expect(create).rejects.toThrow(refusal)
      },
    )
  })
})
