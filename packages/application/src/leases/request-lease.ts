import {
  DomainError,
  type ImageName,
  type Lease,
  type MachineType,
  type MachineTypeName,
  type MemberId,
  type PoolName,
  parseSshPublicKey,
  type Queued,
  type SshKeyId,
  type TenantId,
} from '@leasehold/domain'
import type { CatalogueStore } from '../ports/catalogue-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Ids } from '../ports/ids.ts'
import type { JobHints } from '../ports/job-hints.ts'
import type { LeaseStore } from '../ports/lease-store.ts'
import type { Pools } from '../ports/pools.ts'
import type { SshKeyStore } from '../ports/ssh-key-store.ts'
import type { TenantStore } from '../ports/tenant-store.ts'
import { shortageError } from '../quotas/shortage-error.ts'
import type { RentalRules } from '../rules/rental-rules.ts'
import { choosePool } from '../scheduling/choose-pool.ts'
import type { LookAtPool } from '../scheduling/pool-room.ts'
import { poolsForTier } from '../scheduling/pools-for-tier.ts'
import { findMachineType } from './find-machine-type.ts'

export type RequestLeaseCommand = {
  readonly tenantId: TenantId
  readonly memberId: MemberId
  readonly machineType: MachineTypeName
  /** Null: the machine type's first. */
  readonly image: ImageName | null
  /** Null: wherever there is room first. */
  readonly pool: PoolName | null
  readonly sshPublicKeys: readonly string[]
  readonly sshKeyIds: readonly SshKeyId[]
  readonly timeToLiveMs: number | null
  readonly name: string | null
  readonly labels: Readonly<Record<string, string>>
  readonly idempotencyKey: string | null
}

export type RequestLeaseDeps = {
  readonly leases: Pick<LeaseStore, 'admit'>
  readonly catalogue: Pick<CatalogueStore, 'findMachineType'>
  readonly sshKeys: Pick<SshKeyStore, 'find'>
  readonly tenants: Pick<TenantStore, 'find'>
  readonly pools: Pools
  readonly lookAtPool: LookAtPool
  readonly hints: JobHints
  readonly ids: Ids
  readonly clock: Clock
  readonly rules: RentalRules
}
export type RequestLease = (command: RequestLeaseCommand) => Promise<Lease>

/**
 * Reserves quota and puts a lease in the queue of a pool. With an idempotency key the id follows from
 * the key, so a repeated request finds the lease that the first one made.
 */
export function makeRequestLease(deps: RequestLeaseDeps): RequestLease {
  return async (command) => {
    const machineType = await findMachineType(deps.catalogue, command.machineType)
    const authorizedKeys = await collectKeys(deps, command)
    const image = chooseImage(machineType, command.image)
    const pool = await choosePool(deps, {
      candidates: await poolsForTier(deps, machineType.pools, command.pool, {
        tenantId: command.tenantId,
        shape: machineType.shape,
      }),
      named: command.pool,
      image,
      demand: {
        shape: machineType.shape,
        as: 'machine',
        tenantId: command.tenantId,
        machineType: machineType.name,
      },
    })
    const lease = draftLease(deps, command, { machineType, image, pool, authorizedKeys })
    const admission = await deps.leases.admit(lease, { kind: 'member', id: command.memberId })
    if (admission.kind === 'refused') throw shortageError(admission.shortage)
    if (admission.kind === 'tenant-suspended')
      throw new DomainError('tenant/suspended', 'The tenant is suspended. Ask the operator.')
    if (admission.lease.state === 'queued') await deps.hints.admitQueued(admission.lease.pool)
    return admission.lease
  }
}

function chooseImage(machineType: MachineType, wanted: ImageName | null): ImageName {
  const image = wanted ?? machineType.images[0]
  if (image === undefined || !machineType.images.includes(image))
    throw new DomainError(
      'image/not-found',
      `The machine type ${machineType.name} offers these images: ${machineType.images.join(', ') || 'none'}.`,
      { image: image ?? '', possible: machineType.images.join(',') },
      '/image',
    )
  return image
}

async function collectKeys(
  { sshKeys }: RequestLeaseDeps,
  { tenantId, sshPublicKeys, sshKeyIds }: RequestLeaseCommand,
): Promise<readonly string[]> {
  const inline = sshPublicKeys.map(
    (text, index) => parseSshPublicKey(text, `/sshPublicKeys/${index}`).line,
  )
  const onFile = await Promise.all(
    sshKeyIds.map(async (id, index) => {
      const key = await sshKeys.find(tenantId, id)
      if (key !== null) return key.publicKey
      throw new DomainError('ssh-key/not-found', 'There is no such key.', {}, `/sshKeyIds/${index}`)
    }),
  )
  const lines = [...new Set([...inline, ...onFile])]
  if (lines.length === 0)
    throw new DomainError(
      'request/invalid',
      'A lease needs an SSH key: give sshPublicKeys or sshKeyIds.',
      {},
      '/sshPublicKeys',
    )
  return lines
}

function draftLease(
  { ids, clock, rules }: RequestLeaseDeps,
  command: RequestLeaseCommand,
  place: Pick<Queued, 'image' | 'pool' | 'authorizedKeys'> & { readonly machineType: MachineType },
): Queued {
  const { tenantId, idempotencyKey } = command
  const { machineType, ...rest } = place
  const now = clock.now()
  const seed = idempotencyKey === null ? undefined : `lease\n${tenantId}\n${idempotencyKey}`
  const id = ids.leaseId(seed)
  return {
    ...rest,
    id,
    tenantId,
    createdBy: command.memberId,
    createdAt: now,
    name: command.name ?? `${machineType.name}-${id.slice(-6).toLowerCase()}`,
    labels: command.labels,
    machineType: machineType.name,
    shape: machineType.shape,
    wantedSize: null,
    timeToLiveMs: timeToLive(command.timeToLiveMs, rules),
    expiresAt: null,
    generation: 0,
    pricePerHourMicros: machineType.pricePerHourMicros,
    version: 1,
    enteredStateAt: now,
    state: 'queued',
    queueDeadlineAt: now + rules.lease.queueMs,
    waitingFor: null,
  }
}

function timeToLive(asked: number | null, { lease }: RentalRules): number {
  const timeToLiveMs = asked ?? lease.defaultTimeToLiveMs
  const { minTimeToLiveMs, maxTimeToLiveMs } = lease
  if (timeToLiveMs >= minTimeToLiveMs && timeToLiveMs <= maxTimeToLiveMs) return timeToLiveMs
  throw new DomainError(
    'request/invalid',
    `A lease may live from ${minTimeToLiveMs / 1_000} to ${maxTimeToLiveMs / 1_000} seconds.`,
    { asked: timeToLiveMs / 1_000, limit: maxTimeToLiveMs / 1_000 },
    '/timeToLiveSeconds',
  )
}
