import {
  DomainError,
  type Lease,
  type MachineType,
  type MachineTypeName,
  requireLeaseAction,
  resizeLease,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { choosePool } from '../scheduling/choose-pool.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'
import { poolsForTier } from '../scheduling/pools-for-tier.ts'
import { type ChangeLeaseDeps, changeLease, type LeaseCommand } from './change-lease.ts'
import { findLease } from './find-lease.ts'
import { findMachineType } from './find-machine-type.ts'

export type ResizeLeaseDeps = ChangeLeaseDeps & {
  readonly catalogue: Pick<CatalogueStore, 'findMachineType'>
  readonly tenants: Pick<TenantStore, 'find'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
}
export type ResizeLease = (
  command: LeaseCommand & { readonly machineType: MachineTypeName },
) => Promise<Lease>

/**
 * Gives a stopped lease the size of another machine type, from its next start on: only then CPUs and memory are
 * counted against the quota again. Refused for a type that its pool, its image or its tier cannot have.
 */
export function makeResizeLease(deps: ResizeLeaseDeps): ResizeLease {
  return async (command) => {
    const { tenantId, leaseId } = command
    const lease = await findLease(deps.leases, tenantId, leaseId)
    requireLeaseAction(lease, 'resize')
    const machineType = await findMachineType(deps.catalogue, command.machineType)
    await requirePlace(deps, lease, machineType)
    return changeLease(deps, command, `resized to ${machineType.name}`, (previous) => {
      requireLeaseAction(previous, 'resize')
      // Asked for twice, it is done once.
      if (previous.state !== 'stopped' || previous.machineType === machineType.name) return previous
      return resizeLease(previous, machineType)
    })
  }
}

/** The lease's own pool must be able to hold the new size, if not now then ever. */
async function requirePlace(
  deps: ResizeLeaseDeps,
  { tenantId, pool, image }: Lease,
  { name, shape, pools, images }: MachineType,
): Promise<void> {
  if (!images.includes(image))
    throw new DomainError(
      'image/not-found',
      `The machine type ${name} does not offer this lease's image ${image}.`,
      { image, possible: images.join(',') },
      '/machineType',
    )
  const candidates = await poolsForTier(deps, pools, pool, { tenantId, shape })
  const demand = { shape, as: 'machine', tenantId, machineType: name } as const
  await choosePool(deps, { candidates, named: pool, image, demand })
}
