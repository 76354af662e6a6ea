import type {
  Actor,
  Amounts,
  Instant,
  Lease,
  LeaseId,
  LeaseState,
  MachineShape,
  MachineTypeName,
  PoolName,
  Queued,
  QuotaShortage,
  StandingLease,
  TaskId,
  TenantId,
} from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

export type LeaseFilter = {
  readonly states?: readonly LeaseState[]
  readonly labels?: Readonly<Record<string, string>>
}

/** One entry of a lease's history. `seq` rises by one per lease. */
export type LeaseEvent = {
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly state: LeaseState | 'requested'
  readonly reason: string | null
  readonly detail: string | null
}

export type LeaseAdmission =
  | { readonly kind: 'admitted'; readonly lease: Lease }
  /** Nothing was stored. */
  | { readonly kind: 'refused'; readonly shortage: QuotaShortage }
  | { readonly kind: 'tenant-suspended' }

/** A worker's exclusive right to act for one row until `until`. Every write with it is fenced by `token`. */
export type Claim = { readonly token: string; readonly until: Instant }

export type ReplaceOutcome = 'replaced' | 'lost-race' | QuotaShortage

/** One that was given a place in its pool; whether its machine stands there yet, only the pool knows. */
export type PlacingMachine = {
  readonly id: LeaseId | TaskId
  readonly tenantId: TenantId
  /** Null for tasks. */
  readonly machineType: MachineTypeName | null
  readonly shape: MachineShape
}

/** Who changes a lease, and what its event says beyond the new state. */
export type LeaseChange = {
  readonly actor: Actor
  readonly claim: Claim | null
  readonly detail?: string | null
  /** Reason of the event where the lease itself has none: the code of an obstacle, for one. */
  readonly reason?: string | null
}

export interface LeaseStore {
  /**
   * Reserves quota (`leaseHolds(lease)`) and stores the lease with its events `requested` and `queued`
   * in one transaction and one round trip. A lease with this id that already exists is given back as
   * it is: a repeated request cannot make a second one.
   */
  admit(lease: Queued, actor: Actor): Promise<LeaseAdmission>

  find(tenantId: TenantId, id: LeaseId): Promise<Lease | null>
  /** Newest first. */
  list(tenantId: TenantId, filter: LeaseFilter, page: PageRequest): Promise<Page<Lease>>
  events(
    tenantId: TenantId,
    id: LeaseId,
    afterSeq: number,
    limit: number,
  ): Promise<readonly LeaseEvent[]>

  /** For workers, which act for the platform and have no tenant. */
  findAnyTenant(id: LeaseId): Promise<Lease | null>

  /**
   * Stores `next` (version = previous.version + 1), its event, the change in quota
   * (`leaseHolds(next) - leaseHolds(previous)`), the usage interval it opens or closes and when to look
   * again (`lookAgainAt(next, now)`), all in one transaction. `lost-race` when `previous` is not the stored version,
   * or when `claim` is given and no longer held. A shortage when the change needs quota that is not there.
   */
  replace(previous: Lease, next: Lease, by: LeaseChange): Promise<ReplaceOutcome>

  /** Takes the lease for one worker. Null when someone else holds it now, or it is gone. */
  claim(id: LeaseId, token: string, now: Instant, until: Instant): Promise<Lease | null>
  /** Gives the claim back and says when to look again; does nothing when the claim is no longer held. */
  unclaim(id: LeaseId, token: string, lookAgainAt: Instant | null): Promise<void>

  /** Living leases whose time to be looked at has come, oldest first, across tenants. */
  due(now: Instant, limit: number): Promise<readonly LeaseId[]>
  /** Queued leases of one pool across tenants, oldest first. */
  queuedIn(pool: PoolName, limit: number): Promise<readonly Queued[]>
  /** Sum of `leaseOccupies` over all leases of one pool. */
  occupiedIn(pool: PoolName): Promise<Amounts>
  /** Leases of one pool that have a place and no ready machine yet, across tenants. */
  placingIn(pool: PoolName): Promise<readonly PlacingMachine[]>
  /**
   * Leases of one pool that are ready, or stopped with a disk kept, across tenants, by id: at most `limit` of those
   * after `after`. One statement, however many they are.
   */
  standingIn(
    pool: PoolName,
    after: LeaseId | null,
    limit: number,
  ): Promise<readonly StandingLease[]>
  /** Notes why a queued lease waits, without a new version. */
  noteWaiting(id: LeaseId, waitingFor: string): Promise<void>
  /** Which of these leases still exist and are not ended: the rest are orphans. */
  living(ids: readonly LeaseId[]): Promise<ReadonlySet<LeaseId>>
}
