import {
  type Actor,
  DomainError,
  mostNetworks,
  type NetworkRules,
  parseNetwork,
  type Tenant,
  type TenantId,
  type Tier,
} from '@leasehold/domain'
import type { JobHints } from '../ports/job-hints.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { findTenant } from './read-tenants.ts'

export type UpdateTenantCommand = {
  readonly tenantId: TenantId
  /** Null parts stay as they are. */
  readonly name: string | null
  readonly tier: Tier | null
  /** A suspended tenant may read and release, but not ask for anything new. */
  readonly suspended: boolean | null
  /** From where its API may be used. */
  readonly networks: NetworkRules | null
  readonly actor: Actor
}
export type UpdateTenantDeps = {
  readonly tenants: Pick<TenantStore, 'find' | 'replace'>
  readonly hints: JobHints
}
export type UpdateTenant = (command: UpdateTenantCommand) => Promise<Tenant>

/** Changes name, tier, suspension or networks. Limits are not touched by a new tier. */
export function makeUpdateTenant({ tenants, hints }: UpdateTenantDeps): UpdateTenant {
  return async ({ tenantId, name, tier, suspended, networks, actor }) => {
    if (networks !== null) requireNetworks(networks)
    for (let attempt = 0; attempt < 8; attempt++) {
      const previous = await findTenant(tenants, tenantId)
      const next: Tenant = {
        ...previous,
        name: name ?? previous.name,
        tier: tier ?? previous.tier,
        suspended: suspended ?? previous.suspended,
        networks: networks ?? previous.networks,
        version: previous.version + 1,
      }
      if (!(await tenants.replace(previous, next, actor))) continue
      await hints.ensureTenant(tenantId)
      return next
    }
    throw new DomainError(
      'conflict/changed-meanwhile',
      'The tenant keeps changing. Read it again and repeat the request.',
    )
  }
}

function requireNetworks(networks: NetworkRules): void {
  for (const name of ['allow', 'deny'] as const) {
    if (networks[name].length > mostNetworks)
      throw new DomainError(
        'request/invalid',
        `A list has at most ${mostNetworks} networks.`,
        { limit: mostNetworks },
        `/networks/${name}`,
      )
    for (const [index, text] of networks[name].entries())
      if (parseNetwork(text) === null)
        throw new DomainError(
          'request/invalid',
          'This is no address and no network: write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32, with no bits set behind the prefix.',
          {},
          `/networks/${name}/${index}`,
        )
  }
}
