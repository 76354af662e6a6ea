import type {
  AccessStore,
  ApiKeyStore,
  AuditLog,
  CatalogueStore,
  EndedSessionStore,
  IdempotencyStore,
  LeaseStore,
  Log,
  QuotaLedger,
  RunCredentialStore,
  SshKeyStore,
  TaskLogStore,
  TaskStore,
  TenantStore,
  UsageStore,
} from '@leasehold/application'
import type { Instant } from '@leasehold/domain'
import { PrismaPg } from '@prisma/adapter-pg'
import { makeAccessStore } from './access-store.ts'
import { makeApiKeyStore } from './api-key-store.ts'
import { makeAuditLog } from './audit-log.ts'
import { makeCatalogueStore } from './catalogue-store.ts'
import { countStates, type StateCounts } from './count-states.ts'
import { toClearError, withClearErrors } from './database-errors.ts'
import {
  makeQuery,
  makeTenantQuery,
  openPool,
  type Query,
  type TenantQuery,
} from './database-pool.ts'
import { makeEndedSessionStore } from './ended-session-store.ts'
import { PrismaClient } from './generated/client.ts'
import { makeIdempotencyStore } from './idempotency-store.ts'
import { makeLeaseStore } from './lease-store.ts'
import { makeQuotaLedger } from './quota-ledger.ts'
import { makeRunCredentialStore } from './run-credential-store.ts'
import { makeSshKeyStore } from './ssh-key-store.ts'
import type { StoreDeps } from './store-deps.ts'
import { makeTaskLogStore } from './task-log-store.ts'
import { makeTaskStore } from './task-store.ts'
import { makeTenantStore } from './tenant-store.ts'
import { makeUsageStore } from './usage-store.ts'

export type Database = {
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
  /** Throws `service/unavailable` when the database does not answer before the signal ends. */
  check(signal: AbortSignal): Promise<void>
  /** Leases and tasks by state, for gauges. */
  levels(): Promise<StateCounts>
  close(): Promise<void>
}

/**
 * The store ports over one PostgreSQL. Does not connect yet and does not migrate (`migrateDatabase`
 * does): a database that is away for a while makes calls fail with `service/unavailable`, and they work
 * again when it is back. `maxConnections` is for all stores together; 10 is plenty for one process.
 */
export async function openDatabase(options: {
  readonly url: string
  readonly maxConnections: number
  readonly log: Log
  readonly now?: () => Instant
  /** `false` leaves the second wall out, to measure what it costs. */
  readonly rowSecurity?: boolean
}): Promise<Database> {
  const pool = openPool(options)
  const prisma = new PrismaClient({
    adapter: new PrismaPg(pool),
    transactionOptions: { maxWait: 5_000, timeout: 10_000 },
    errorFormat: 'minimal',
  })
  const query = makeQuery(pool)
  const tenantQuery: TenantQuery =
    options.rowSecurity === false
      ? (_tenantId, ...statement) => query(...statement)
      : makeTenantQuery(pool)
  const deps: StoreDeps = { prisma, query, tenantQuery, now: options.now ?? Date.now }
  return {
    leases: withClearErrors(makeLeaseStore(deps)),
    tasks: withClearErrors(makeTaskStore(deps)),
    taskLogs: withClearErrors(makeTaskLogStore(deps)),
    runCredentials: withClearErrors(makeRunCredentialStore(deps)),
    tenants: withClearErrors(makeTenantStore(deps)),
    quotas: withClearErrors(makeQuotaLedger(deps)),
    catalogue: withClearErrors(makeCatalogueStore(deps)),
    sshKeys: withClearErrors(makeSshKeyStore(deps)),
    apiKeys: withClearErrors(makeApiKeyStore(deps)),
    usage: withClearErrors(makeUsageStore(deps)),
    idempotency: withClearErrors(makeIdempotencyStore(deps)),
    audit: withClearErrors(makeAuditLog(deps)),
    access: withClearErrors(makeAccessStore(deps)),
    endedSessions: withClearErrors(makeEndedSessionStore(deps)),
    check: (signal) => check(query, signal),
    levels: () => countStates(query),
    async close() {
      await prisma.$disconnect()
      await pool.end()
    },
  }
}

async function check(query: Query, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const giveUp = () => reject(Object.assign(new Error('timeout expired'), { code: 'ETIMEDOUT' }))
    if (signal.aborted) giveUp()
    signal.addEventListener('abort', giveUp, { once: true })
  })
  try {
    await Promise.race([query('check', 'SELECT 1', []), aborted])
  } catch (error) {
    throw toClearError(error)
  }
}
