import type {
  Actor,
  Amounts,
  Instant,
  PoolName,
  QueuedTask,
  QuotaShortage,
  Task,
  TaskId,
  TaskProgress,
  TaskState,
  TenantId,
} from '@leasehold/domain'
import type { Claim, PlacingMachine, ReplaceOutcome } from './lease-store.ts'
import type { Page, PageRequest } from './page.ts'

export type TaskFilter = {
  readonly states?: readonly TaskState[]
  readonly labels?: Readonly<Record<string, string>>
}

export type TaskEvent = {
  readonly seq: number
  readonly at: Instant
  readonly actor: Actor
  readonly state: TaskState
  readonly reason: string | null
  readonly detail: string | null
}

export type TaskAdmission =
  | { readonly kind: 'admitted'; readonly task: Task }
  | { readonly kind: 'refused'; readonly shortage: QuotaShortage }
  | { readonly kind: 'tenant-suspended' }

export interface TaskStore {
  /** As `LeaseStore.admit`: one transaction, and an existing task with this id is given back as it is. */
  admit(task: QueuedTask, actor: Actor): Promise<TaskAdmission>
  find(tenantId: TenantId, id: TaskId): Promise<Task | null>
  /** Newest first. */
  list(tenantId: TenantId, filter: TaskFilter, page: PageRequest): Promise<Page<Task>>
  events(
    tenantId: TenantId,
    id: TaskId,
    afterSeq: number,
    limit: number,
  ): Promise<readonly TaskEvent[]>
  findAnyTenant(id: TaskId): Promise<Task | null>
  /** As `LeaseStore.replace`, with `taskHolds` and `lookAgainAtTask`. */
  replace(
    previous: Task,
    next: Task,
    by: { readonly actor: Actor; readonly claim: Claim | null; readonly detail?: string | null },
  ): Promise<ReplaceOutcome>
  claim(id: TaskId, token: string, now: Instant, until: Instant): Promise<Task | null>
  unclaim(id: TaskId, token: string, lookAgainAt: Instant | null): Promise<void>
  due(now: Instant, limit: number): Promise<readonly TaskId[]>
  /** Queued tasks of one pool across tenants, by priority, then age. */
  queuedIn(pool: PoolName, limit: number): Promise<readonly QueuedTask[]>
  occupiedIn(pool: PoolName): Promise<Amounts>
  /** Tasks of one pool that have a place and whose agent has not spoken yet. */
  placingIn(pool: PoolName): Promise<readonly PlacingMachine[]>
  noteWaiting(id: TaskId, position: number, waitingFor: string): Promise<void>
  /** Position in the queue as last planned; null when not queued or not planned yet. */
  queuePosition(tenantId: TenantId, id: TaskId): Promise<number | null>
  /** The agent lives: no new version, no event. Does nothing when the task is not running this attempt. */
  noteHeartbeat(
    id: TaskId,
    attempt: number,
    at: Instant,
    progress: TaskProgress | null,
  ): Promise<void>
  living(ids: readonly TaskId[]): Promise<ReadonlySet<TaskId>>
}

/** The live log of tasks: bytes in order, addressed by offset, until they are sealed into the bucket. */
export interface TaskLogStore {
  /**
   * Appends `bytes` that begin at `offset` of the run's output. Bytes that are already there are
   * skipped, a gap is refused (returns the length so far); so an agent may send the same piece twice.
   * Past `maxBytes` in total the rest is dropped and noted once. Returns the length after appending.
   */
  append(
    tenantId: TenantId,
    id: TaskId,
    offset: number,
    bytes: Uint8Array,
    maxBytes: number,
  ): Promise<number>
  /** At most `maxBytes` from `offset`. */
  read(tenantId: TenantId, id: TaskId, offset: number, maxBytes: number): Promise<Uint8Array>
  length(tenantId: TenantId, id: TaskId): Promise<number>
  /** The log is in the bucket: the rows may go. */
  remove(tenantId: TenantId, id: TaskId): Promise<void>
}

/** Per-run credentials: stored only as a hash, valid for one attempt of one task while it lives. */
export interface RunCredentialStore {
  store(tenantId: TenantId, taskId: TaskId, attempt: number, tokenHash: string): Promise<void>
  /** The task and attempt this token speaks for, or null; never one of an ended task or an older attempt. */
  resolve(tokenHash: string): Promise<{ readonly task: Task; readonly attempt: number } | null>
  revoke(taskId: TaskId): Promise<void>
}
