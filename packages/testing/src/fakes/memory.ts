import type {
  AccessGrant,
  Clock,
  LeaseEvent,
  RecordedEndedSession,
  SshKey,
  StoredAnswer,
  StoredApiKey,
  TaskEvent,
} from '@leasehold/application'
import type {
  Actor,
  Amounts,
  AuditEvent,
  GpuType,
  Instant,
  Lease,
  MachineType,
  Member,
  Quota,
  QuotaShortage,
  ResourceName,
  ServiceAccount,
  Task,
  Tenant,
  TenantId,
  UsageInterval,
} from '@leasehold/domain'
import { DomainError, entriesOf, findShortage } from '@leasehold/domain'

/** A stored lease or task with everything beside it. */
export type Row<Item, Event> = {
  item: Item
  readonly events: Event[]
  claim: { readonly token: string; readonly until: Instant; readonly version: number } | null
  lookAgainAt: Instant | null
  position: number | null
}

/** What all the fake stores share, as tables of one database do. Nothing awaits inside a change, so each is atomic. */
export type Memory = {
  readonly clock: Clock
  readonly leases: Map<string, Row<Lease, LeaseEvent>>
  readonly tasks: Map<string, Row<Task, TaskEvent>>
  readonly tenants: Map<string, Tenant>
  readonly members: Map<string, Member>
  readonly quotas: Map<string, Quota>
  readonly machineTypes: Map<string, MachineType>
  readonly gpuTypes: Map<string, GpuType>
  readonly sshKeys: Map<string, SshKey>
  readonly accounts: Map<string, ServiceAccount>
  readonly apiKeys: Map<string, Pick<StoredApiKey, 'key' | 'secretHash'>>
  readonly usage: UsageInterval[]
  readonly audit: AuditEvent[]
  readonly answers: Map<string, { fingerprint: string; at: Instant; answer: StoredAnswer | null }>
  readonly codes: Map<string, AccessGrant>
  readonly sessions: Map<string, AccessGrant>
  readonly endedSessions: Map<string, RecordedEndedSession & { readonly keepUntil: Instant }>
  readonly logs: Map<string, { bytes: Uint8Array; cut: boolean }>
  readonly credentials: Map<string, { taskId: string; attempt: number }>
}

export function emptyMemory(clock: Clock): Memory {
  return {
    clock,
    leases: new Map(),
    tasks: new Map(),
    tenants: new Map(),
    members: new Map(),
    quotas: new Map(),
    machineTypes: new Map(),
    gpuTypes: new Map(),
    sshKeys: new Map(),
    accounts: new Map(),
    apiKeys: new Map(),
    usage: [],
    audit: [],
    answers: new Map(),
    codes: new Map(),
    sessions: new Map(),
    endedSessions: new Map(),
    logs: new Map(),
    credentials: new Map(),
  }
}

export function findTenant(memory: Memory, id: TenantId): Tenant {
  const tenant = memory.tenants.get(id)
  if (tenant === undefined) throw new DomainError('tenant/not-found', 'There is no such tenant.')
  return tenant
}

/** An id names one row for ever; whoever asks with another's learns nothing of it. */
export function requireOwn<Item extends { readonly tenantId: TenantId }>(
  item: Item,
  tenantId: TenantId,
): Item {
  if (item.tenantId === tenantId) return item
  throw new DomainError('conflict/changed-meanwhile', 'This id is taken. Ask with another one.')
}

export function quotasOf(memory: Memory, tenantId: TenantId): readonly Quota[] {
  return [...memory.quotas.values()]
    .filter((quota) => quota.tenantId === tenantId)
    .sort((left, right) => (left.resource < right.resource ? -1 : 1))
}

/** Adds `change` to what is used, or says what is missing and changes nothing. Giving back always works. */
export function takeQuota(
  memory: Memory,
  tenantId: TenantId,
  change: Amounts,
): QuotaShortage | null {
  const shortage = findShortage(quotasOf(memory, tenantId), change)
  if (shortage !== null) return shortage
  for (const [resource, amount] of entriesOf(change)) {
    const key = quotaKey(tenantId, resource)
    const quota = memory.quotas.get(key)
    if (quota !== undefined) memory.quotas.set(key, { ...quota, used: quota.used + amount })
  }
  return null
}

export function quotaKey(tenantId: TenantId, resource: ResourceName): string {
  return `${tenantId} ${resource}`
}

export function recordAudit(
  memory: Memory,
  actor: Actor,
  event: string,
  subject: string,
  tenantId: TenantId | null,
): void {
  memory.audit.push({ tenantId, at: memory.clock.now(), actor, event, subject, facts: {} })
}
