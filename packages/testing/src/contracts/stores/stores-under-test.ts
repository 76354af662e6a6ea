import { randomBytes } from 'node:crypto'
import type {
  AccessStore,
  ApiKeyStore,
  AuditLog,
  CatalogueStore,
  Clock,
  EndedSessionStore,
  IdempotencyStore,
  LeaseStore,
  QuotaLedger,
  RunCredentialStore,
  SshKeyStore,
  TaskLogStore,
  TaskStore,
  TenantStore,
  UsageStore,
} from '@leasehold/application'
import type {
  Actor,
  Amounts,
  LeaseId,
  PoolName,
  Queued,
  QueuedTask,
  TaskId,
  Tenant,
  TenantId,
} from '@leasehold/domain'
import { afterAll, beforeAll } from 'vitest'
import { aLease } from '../../builders/a-lease.ts'
import { aTask } from '../../builders/a-task.ts'
import { aTenant, someLimits } from '../../builders/a-tenant.ts'
import { type ManualClock, manualClock, testNow } from '../../manual-clock.ts'

/** Every store over one database (or one memory). */
export type StoresUnderTest = {
  readonly leases: LeaseStore
  readonly tasks: TaskStore
  readonly taskLogs: TaskLogStore
  readonly runCredentials: RunCredentialStore
  readonly tenants: TenantStore
  readonly quotas: QuotaLedger
  readonly catalogue: CatalogueStore
  readonly sshKeys: SshKeyStore
  readonly apiKeys: ApiKeyStore
  readonly usage: UsageStore
  readonly idempotency: IdempotencyStore
  readonly audit: AuditLog
  readonly access: AccessStore
  readonly endedSessions: EndedSessionStore
}

/** Opens stores that tell the time by `clock`. Tests share them: each makes tenants and pools of its own. */
export type OpenStores = (
  clock: Clock,
) => Promise<{ readonly stores: StoresUnderTest; close(): Promise<void> }>

export const olivia: Actor = { kind: 'member', id: 'olivia' }
export const thePlatform: Actor = { kind: 'platform', id: 'worker' }

/** Stores opened once for a suite, and makers of rows that no other test sees. */
export function useStores(open: OpenStores) {
  const clock: ManualClock = manualClock()
  let opened: Awaited<ReturnType<OpenStores>> | undefined
  beforeAll(async () => {
    opened = await open(clock)
  })
  afterAll(() => opened?.close())

  const stores = (): StoresUnderTest => {
    if (opened === undefined) throw new Error('The stores are open only while tests run.')
    return opened.stores
  }
  const someTenant = async (limits: Amounts = someLimits(), facts: Partial<Tenant> = {}) => {
    const tenant = aTenant({ id: uniqueName('ten') as TenantId, slug: uniqueName('t'), ...facts })
    await stores().tenants.create(tenant, limits, olivia)
    return tenant
  }
  return { clock, stores, someTenant }
}

export function uniqueName(prefix: string): string {
  return `${prefix}_${randomBytes(8).toString('hex')}`
}

export function aNewLease(tenantId: TenantId, facts: Partial<Queued> = {}): Queued {
  const ids = { id: uniqueName('lse') as LeaseId, pool: uniqueName('pool') as PoolName }
  return aLease.queued({ ...ids, tenantId, ...facts })
}

export function aNewTask(tenantId: TenantId, facts: Partial<QueuedTask> = {}): QueuedTask {
  const ids = { id: uniqueName('tsk') as TaskId, pool: uniqueName('pool') as PoolName }
  return aTask.queued({ ...ids, tenantId, ...facts })
}

/** What is used of each limit, without those of which nothing is. */
export async function usedBy(stores: StoresUnderTest, tenantId: TenantId): Promise<Amounts> {
  const quotas = await stores.quotas.list(tenantId)
  return Object.fromEntries(
    quotas.filter(({ used }) => used !== 0).map(({ resource, used }) => [resource, used]),
  )
}

export { testNow }
