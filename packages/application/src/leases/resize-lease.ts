import {
  DomainError,
  keepSize,
  type Lease,
  type MachineType,
  type MachineTypeName,
  requireLeaseAction,
  resizeLease,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Clock } from '../ports/clock.ts'
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
  readonly clock: Clock
}
export type ResizeLease = (
  command: LeaseCommand & { readonly machineType: MachineTypeName },
) => Promise<Lease>

/**
 * Gives a lease the size of another machine type, from its next start on. A stopped one has it at once, and counts
 * CPUs and memory when it starts. One that runs keeps its size and notes the wanted one: what it grows by is reserved
 * now (`quota/exceeded` where it is not there). Asking for the size it has takes that back. Refused for a type that
 * its pool, its image or its tier cannot have.
 */
export function makeResizeLease(deps: ResizeLeaseDeps): ResizeLease {
  return async (command) => {
    const { tenantId, leaseId } = command
    const lease = await findLease(deps.leases, tenantId, leaseId)
    requireLeaseAction(lease, 'resize')
    // What it has needs no look at the catalogue, which may not offer it any more.
    const isPresent = lease.machineType === command.machineType
    const machineType = isPresent
      ? null
      : await findMachineType(deps.catalogue, command.machineType)
    if (machineType !== null) await requirePlace(deps, lease, machineType)
    return changeLease(deps, command, `resize to ${command.machineType} asked for`, (previous) => {
      requireLeaseAction(previous, 'resize')
      if (previous.state !== 'ready' && previous.state !== 'stopped') return previous
      if (machineType !== null) return resizeLease(previous, machineType, deps.clock.now())
      if (previous.machineType === command.machineType) return keepSize(previous)
      throw new DomainError(
        'conflict/changed-meanwhile',
        'The lease was given another size meanwhile. Read it again and repeat the request.',
      )
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
