import { type Actor, anyNetwork, defaultLimits, type TenantId } from '@leasehold/domain'
import type { Platform, PoolOffers } from '@leasehold/wiring'
import { starterGpuTypes } from '@leasehold/wiring'

const actor: Actor = { kind: 'platform', id: 'first-start' }

type SeedStores = Pick<Platform, 'catalogue' | 'tenants' | 'hints' | 'clock'>

/**
 * Fills an empty catalogue, and lets pools that list a machine type offer it. Beyond that, what an operator has
 * put or changed stays as it is.
 */
export async function seedCatalogue(
  { catalogue }: SeedStores,
  { machineTypes, offeredEverywhere }: PoolOffers,
): Promise<void> {
  const gpuTypes = new Set((await catalogue.gpuTypes()).map((type) => type.name))
  for (const type of starterGpuTypes)
    if (!gpuTypes.has(type.name)) await catalogue.putGpuType(type, actor)
  const known = await catalogue.machineTypes()
  const wanted = known.length === 0 ? machineTypes : known.map(offeredEverywhere)
  for (const type of wanted) if (!known.includes(type)) await catalogue.putMachineType(type, actor)
}

/** The tenants of the development issuer: alias → id. Those that exist stay as they are. */
export async function seedTenants(
  { tenants, hints, clock }: SeedStores,
  organizations: Readonly<Record<string, string>>,
): Promise<void> {
  for (const [slug, id] of Object.entries(organizations)) {
    const tenantId = id as TenantId
    const gpuTypes = starterGpuTypes.map((type) => type.name)
    await tenants.create(
      {
        id: tenantId,
        slug,
        name: slug[0]?.toUpperCase() + slug.slice(1),
        tier: 'dev',
        suspended: false,
        networks: anyNetwork,
        createdAt: clock.now(),
        version: 1,
      },
      defaultLimits('dev', gpuTypes),
      actor,
    )
    await hints.ensureTenant(tenantId)
  }
}
