import {
  type Actor,
  type Amounts,
  addAmounts,
  anyNetwork,
  DomainError,
  defaultLimits,
  isResourceName,
  type Tenant,
  type Tier,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { TenantStore } from '../ports/tenant-store.ts'

export type CreateTenantCommand = {
  readonly slug: string
  readonly name: string
  readonly tier: Tier
  /** Limits that differ from the tier's. */
  readonly limits: Amounts
  readonly actor: Actor
}
export type CreateTenantDeps = {
  readonly tenants: Pick<TenantStore, 'create'>
  readonly catalogue: Pick<CatalogueStore, 'gpuTypes'>
  readonly hints: JobHints
  readonly ids: Ids
  readonly clock: Clock
}
export type CreateTenant = (command: CreateTenantCommand) => Promise<Tenant>

/** Stores a tenant with the limits of its tier; what it needs in each pool is made afterwards. */
export function makeCreateTenant(deps: CreateTenantDeps): CreateTenant {
  const { tenants, catalogue, hints, ids, clock } = deps
  return async ({ slug, name, tier, limits, actor }) => {
    requireSlug(slug)
    const gpuTypes = (await catalogue.gpuTypes()).map((gpuType) => gpuType.name)
    const tenant: Tenant = {
      id: ids.tenantId(),
      slug,
      name,
      tier,
      suspended: false,
      networks: anyNetwork,
      createdAt: clock.now(),
      version: 1,
    }
    const all = { ...defaultLimits(tier, gpuTypes), ...requireLimits(limits) }
    if (!(await tenants.create(tenant, addAmounts(all, {}), actor)))
      throw new DomainError(
        'tenant/already-exists',
        `The name ${slug} is taken.`,
        { slug },
        '/slug',
      )
    await hints.ensureTenant(tenant.id)
    return tenant
  }
}

function requireSlug(slug: string): void {
  if (/^[a-z][a-z0-9-]{1,38}[a-z0-9]$/.test(slug)) return
  throw new DomainError(
    'request/invalid',
    'A slug has 3 to 40 lower-case letters, digits and dashes, begins with a letter and does not end with a dash.',
    {},
    '/slug',
  )
}

/** Checks names and sizes of limits: whole numbers from 0. */
export function requireLimits(limits: Amounts): Amounts {
  for (const [resource, limit] of Object.entries(limits)) {
    if (!isResourceName(resource))
      throw new DomainError(
        'quota/not-found',
        `There is no resource ${resource.slice(0, 80)}: use vcpu, memory-mib, disk-gib, bucket-gib, leases, queued-tasks or gpu/<type>.`,
        {},
        '/limits',
      )
    if (limit === undefined || !Number.isSafeInteger(limit) || limit < 0)
      throw new DomainError(
        'request/invalid',
        'A limit is a whole number from 0.',
        { resource },
        `/limits/${resource.replaceAll('/', '~1')}`,
      )
  }
  return limits
}
