import type { MachineShape } from '../catalogue/machine-type.ts'
import type {
  ImageName,
  LeaseId,
  MachineTypeName,
  MemberId,
  PoolName,
  TenantId,
} from '../shared/ids.ts'
import type { Instant } from '../shared/instant.ts'
import type { LeaseEndReason } from './lease-end-reason.ts'
import type { NotedObstacle } from './machine-obstacle.ts'

/** What a lease is built by and billed for. */
export type LeaseSize = {
  readonly machineType: MachineTypeName
  readonly shape: MachineShape
  /** In millionths; as it was when this size was asked for. */
  readonly pricePerHourMicros: number
}

/** A size that was asked for while the machine runs: it has it from its next start on. */
export type WantedSize = LeaseSize & { readonly askedAt: Instant }

/** What every lease has, whatever its state. */
export type LeaseTerms = LeaseSize & {
  readonly id: LeaseId
  readonly tenantId: TenantId
  readonly createdBy: MemberId
  readonly createdAt: Instant
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly pool: PoolName
  /** Only while the machine runs or stops, and then counted against the quota already; null: the lease keeps its size. */
  readonly wantedSize: WantedSize | null
  readonly image: ImageName
  /** Normalised OpenSSH public key lines: type, blob, no options, no comment. */
  readonly authorizedKeys: readonly string[]
  readonly timeToLiveMs: number
  /** Set when the first machine becomes ready, then only moved by extending. Null before. */
  readonly expiresAt: Instant | null
  /** How many machines this lease has asked for; names and fences them. 0 before the first. */
  readonly generation: number
  /** Rises by one with every stored change; the guard of `replace`. */
  readonly version: number
  readonly enteredStateAt: Instant
}

/** Where a ready machine answers, as the gateway and the worker see it. */
export type MachineAddress = {
  readonly host: string
  readonly sshPort: number
  /** Null when the image has no Jupyter. */
  readonly jupyterPort: number | null
}

/** Accepted but not yet counted; lives only inside the transaction that admits it. */
export type Requested = LeaseTerms & { readonly state: 'requested' }
export type Queued = LeaseTerms & {
  readonly state: 'queued'
  readonly queueDeadlineAt: Instant
  /** Why it waits, in words for the renter; null when it has not been looked at. */
  readonly waitingFor: string | null
}
export type Provisioning = LeaseTerms & {
  readonly state: 'provisioning'
  readonly bootDeadlineAt: Instant
  /** What keeps the machine from coming up, as last noted; null: nothing that the pool knows of. */
  readonly obstacle: NotedObstacle | null
}
export type Ready = LeaseTerms & {
  readonly state: 'ready'
  readonly expiresAt: Instant
  readonly address: MachineAddress
  /** What is in the way of the machine that was up; null: it answers, or nobody knows. */
  readonly obstacle: NotedObstacle | null
}
export type Stopping = LeaseTerms & {
  readonly state: 'stopping'
  readonly reason: LeaseEndReason
  /** What is known beyond the reason, in words for the renter; starts with the code of the obstacle, if one led here. */
  readonly reasonDetail: string | null
  /** Until then the guest may shut down by itself; after that it is killed. */
  readonly graceEndsAt: Instant
}
export type Stopped = LeaseTerms & {
  readonly state: 'stopped'
  readonly reason: LeaseEndReason
  /** What is known beyond the reason, in words for the renter; starts with the code of the obstacle, if one led here. */
  readonly reasonDetail: string | null
  /** When the kept disk is given back unless the lease is started again. */
  readonly keepUntil: Instant
}
export type EndedLease = LeaseTerms & {
  readonly state: 'released' | 'failed'
  readonly reason: LeaseEndReason
  /** What is known beyond the reason, in words for the renter; starts with the code of the obstacle, if one led here. */
  readonly reasonDetail: string | null
  readonly endedAt: Instant
}

export type Lease = Queued | Provisioning | Ready | Stopping | Stopped | EndedLease

/** The states in which a machine may exist, and therefore the ones we reconcile. */
export type HoldingLease = Provisioning | Ready | Stopping

/** States that the reconciler looks at: those that may hold a machine, and those that wait for a deadline. */
export type LivingLease = HoldingLease | Queued | Stopped

export function isLiving(lease: Lease): lease is LivingLease {
  return lease.state !== 'released' && lease.state !== 'failed'
}

/** The part that every state shares, without the fields of the state it was in. */
export function termsOf(lease: Lease): LeaseTerms {
  const {
    id,
    tenantId,
    createdBy,
    createdAt,
    name,
    labels,
    pool,
    machineType,
    shape,
    wantedSize,
    image,
    authorizedKeys,
    timeToLiveMs,
    expiresAt,
    generation,
    pricePerHourMicros,
    version,
    enteredStateAt,
  } = lease
  return {
    id,
    tenantId,
    createdBy,
    createdAt,
    name,
    labels,
    pool,
    machineType,
    shape,
    wantedSize,
    image,
    authorizedKeys,
    timeToLiveMs,
    expiresAt,
    generation,
    pricePerHourMicros,
    version,
    enteredStateAt,
  }
}
