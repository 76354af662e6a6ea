import {
  DomainError,
  type MachineShape,
  type PoolName,
  type TenantId,
  tiers,
} from '@leasehold/domain'
import type { Pool, Pools } from '../ports/pools.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { openPools } from './choose-pool.ts'

/**
 * Those of the candidates that give such a machine to the tenant's tier. Throws `tenant/tier-forbids` when none does,
 * with what the first one says. Who the tenant is, is asked only for machines that some tier may not have.
 */
export async function poolsForTier(
  { pools, tenants }: { readonly pools: Pools; readonly tenants: Pick<TenantStore, 'find'> },
  candidates: readonly PoolName[],
  named: PoolName | null,
  { tenantId, shape }: { readonly tenantId: TenantId; readonly shape: MachineShape },
): Promise<readonly PoolName[]> {
  const open = openPools(pools, candidates, named)
  if (!open.some((pool) => isForSome(pool, shape))) return candidates
  const tenant = await tenants.find(tenantId)
  if (tenant === null) return candidates
  const refusals = open.map(({ tierRefusal }) => tierRefusal?.(tenant.tier, shape) ?? null)
  const [first] = refusals
  if (first == null || refusals.includes(null))
    return open.filter((_, index) => refusals[index] === null).map(({ name }) => name)
  throw new DomainError('tenant/tier-forbids', first, { tier: tenant.tier }, '/machineType')
}

function isForSome({ tierRefusal }: Pool, shape: MachineShape): boolean {
  return tierRefusal !== undefined && tiers.some((tier) => tierRefusal(tier, shape) !== null)
}
