import type { Clock } from '@leasehold/application'
import { fakeApiKeyStore } from './fake-api-key-store.ts'
import { fakeEndedSessionStore } from './fake-ended-session-store.ts'
import { fakeLeaseStore } from './fake-lease-store.ts'
import {
  fakeAccessStore,
  fakeAuditLog,
  fakeCatalogueStore,
  fakeIdempotencyStore,
  fakeSshKeyStore,
  fakeUsageStore,
} from './fake-small-stores.ts'
import { fakeRunCredentialStore, fakeTaskLogStore } from './fake-task-side-stores.ts'
import { fakeTaskStore } from './fake-task-store.ts'
import { fakeQuotaLedger, fakeTenantStore } from './fake-tenant-stores.ts'
import { emptyMemory } from './memory.ts'

/** Every store over one memory; the same promises as the real ones, one change at a time. */
export function fakeDatabase(clock: Clock) {
  const memory = emptyMemory(clock)
  return {
    memory,
    leases: fakeLeaseStore(memory),
    tasks: fakeTaskStore(memory),
    taskLogs: fakeTaskLogStore(memory),
    runCredentials: fakeRunCredentialStore(memory),
    tenants: fakeTenantStore(memory),
    quotas: fakeQuotaLedger(memory),
    catalogue: fakeCatalogueStore(memory),
    sshKeys: fakeSshKeyStore(memory),
    apiKeys: fakeApiKeyStore(memory),
    usage: fakeUsageStore(memory),
    idempotency: fakeIdempotencyStore(memory),
    audit: fakeAuditLog(memory),
    access: fakeAccessStore(memory),
    endedSessions: fakeEndedSessionStore(memory),
  }
}

export type FakeDatabase = ReturnType<typeof fakeDatabase>
