import { type Database, openDatabase } from '@leasehold/db'
import type { LeaseId, PoolName, TaskId, TenantId } from '@leasehold/domain'
import { aLease, aTask, aTenant, someLimits } from '@leasehold/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quietLog } from '../support/quiet-log.ts'
import { openTestDatabase } from './use-database.ts'

const tenantId = 'ten_7' as TenantId
const page = { limit: 20, cursor: null }
const now = Date.now()

/** Every question that is asked often, and the indexes that may answer it. */
const questions: readonly (readonly [
  string,
  (db: Database) => Promise<unknown>,
  readonly string[],
])[] = [
  ['leases of a tenant', (db) => db.leases.list(tenantId, {}, page), ['leases_of_tenant']],
  [
    'living leases of a tenant',
    (db) => db.leases.list(tenantId, { states: ['ready'] }, page),
    ['leases_living_of_tenant'],
  ],
  [
    'leases with a label',
    (db) => db.leases.list(tenantId, { labels: { team: 'rare' } }, page),
    ['leases_labelled'],
  ],
  ['leases that are due', (db) => db.leases.due(now, 100), ['leases_due']],
  ['leases that wait', (db) => db.leases.queuedIn('p1' as PoolName, 100), ['leases_queued']],
  ['what a pool carries', (db) => db.leases.occupiedIn('p1' as PoolName), ['leases_occupying']],
  [
    'leases that are being placed',
    (db) => db.leases.placingIn('p1' as PoolName),
    ['leases_placing'],
  ],
  [
    'leases that stand',
    (db) => db.leases.standingIn('p1' as PoolName, null, 20_000),
    ['leases_occupying'],
  ],
  ['one lease', (db) => db.leases.find(tenantId, 'lse_7' as LeaseId), ['leases_pkey']],
  ['leases that live', (db) => db.leases.living(['lse_7' as LeaseId]), ['leases_pkey']],
  [
    'a history',
    (db) => db.leases.events(tenantId, 'lse_7' as LeaseId, 0, 50),
    ['lease_events_pkey'],
  ],
  ['a claim', (db) => db.leases.claim('lse_7' as LeaseId, 'token', now, now + 1), ['leases_pkey']],
  ['tasks of a tenant', (db) => db.tasks.list(tenantId, {}, page), ['tasks_of_tenant']],
  ['tasks that are due', (db) => db.tasks.due(now, 100), ['tasks_due']],
  ['tasks that wait', (db) => db.tasks.queuedIn('p1' as PoolName, 100), ['tasks_queued']],
  ['tasks that are being placed', (db) => db.tasks.placingIn('p1' as PoolName), ['tasks_placing']],
  ['one task', (db) => db.tasks.find(tenantId, 'tsk_7' as TaskId), ['tasks_pkey']],
  [
    'usage of a tenant',
    (db) => db.usage.list(tenantId, now - 1_000, now, 100),
    ['usage_of_tenant'],
  ],
  [
    'usage of a lease',
    (db) => db.usage.ofHolder(tenantId, 'lse_7' as LeaseId),
    ['usage_of_holder'],
  ],
  ['records of a tenant', (db) => db.audit.list(tenantId, page), ['audit_events_tenant_id_id_idx']],
  [
    'sign-ins that were ended just now',
    (db) => db.endedSessions.list('https://id.example', now - 1_000, 100),
    ['ended_sessions_recorded'],
  ],
  ['limits of a tenant', (db) => db.quotas.list(tenantId), ['quotas_pkey']],
]

describe('questions to a database with many rows', () => {
  let database: Awaited<ReturnType<typeof openTestDatabase>>
  beforeAll(async () => {
    database = await openTestDatabase()
    await fill(database)
  })
  afterAll(() => database.close())

  /** Asks on connections of its own: a connection that ends reports what it has read. */
  const readBy = async (ask: (db: Database) => Promise<unknown>) => {
    const before = await readCounts(database.sql)
    const db = await openDatabase({ url: database.url, maxConnections: 1, log: quietLog })
    await ask(db)
    await db.close()
    let after = await readCounts(database.sql)
    const deadline = Date.now() + 5_000
    while (JSON.stringify(after) === JSON.stringify(before) && Date.now() < deadline)
      after = await readCounts(database.sql)
    const rose = (kind: 'index' | 'table') =>
      after
        .filter((row) => row.kind === kind)
        .filter(({ name, scans }) => scans > (before.find((b) => b.name === name)?.scans ?? 0))
        .map(({ name }) => name)
    return { indexes: rose('index'), tables: rose('table') }
  }

  // Another connection may report what it read long before: then the question is asked again.
  it.each(questions)('are answered by an index: %s', { retry: 2 }, async (_, ask, expected) => {
    const { indexes, tables } = await readBy(ask)

    expect(tables).toEqual([])
    expect(
      expected.some((name) => indexes.includes(name)),
      `used: ${indexes}`,
    ).toBe(true)
  })

  it('are answered by keys also when a batch is admitted', async () => {
    const actor = { kind: 'member', id: 'olivia' } as const
    const ids = Array.from({ length: 30 }, (_, n) => n)

    const { tables } = await readBy((db) =>
      Promise.all(
        ids.flatMap((n) => [
          db.leases.admit(aLease.queued({ id: `lse_new_${n}` as LeaseId, tenantId }), actor),
          db.tasks.admit(aTask.queued({ id: `tsk_new_${n}` as TaskId, tenantId }), actor),
        ]),
      ),
    )

    expect(tables).toEqual([])
  })
})

async function readCounts(sql: Awaited<ReturnType<typeof openTestDatabase>>['sql']) {
  await sql('SELECT pg_stat_clear_snapshot()')
  const rows = await sql<{ kind: 'index' | 'table'; name: string; scans: string }>(
    `SELECT 'index' AS kind, indexrelname AS name, idx_scan AS scans FROM pg_stat_user_indexes
     UNION ALL SELECT 'table', relname, seq_scan FROM pg_stat_user_tables ORDER BY 1, 2`,
  )
  return rows.map(({ kind, name, scans }) => ({ kind, name, scans: Number(scans) }))
}

/** 2,000 tenants, 50 of them with 400 leases and tasks each, most of those ended. */
async function fill({ stores, sql }: Awaited<ReturnType<typeof openTestDatabase>>) {
  const actor = { kind: 'operator', id: 'oscar' } as const
  const limits = someLimits({ leases: 1_000, vcpu: 1_000, 'queued-tasks': 1_000 })
  await stores.tenants.create(aTenant({ id: tenantId, slug: 't7' }), limits, actor)
  await sql(`INSERT INTO tenants (id, slug, name, tier, created_at, version)
    SELECT 'ten_' || n, 't' || n, 't', 'dev', now(), 1 FROM generate_series(0, 1999) n WHERE n <> 7`)
  await sql(`INSERT INTO ended_sessions (issuer, token_id, session_id, ended_at, keep_until, recorded_at)
    SELECT 'https://id.example', n, n, now(), now(), now() - n * interval '1 second'
    FROM generate_series(1, 20000) n`)
  await sql(`INSERT INTO quotas (tenant_id, resource, "limit")
    SELECT id, r, 10 FROM tenants, unnest(ARRAY['vcpu', 'leases', 'disk-gib']) r WHERE id <> 'ten_7'`)
  const columns = `'ten_' || n % 50, 'p' || n % 3, CASE WHEN n % 20 = 0 THEN 'queued' ELSE 'failed' END, 1`
  const rest = `CASE WHEN n % 997 = 7 THEN '{"team":"rare"}' WHEN n % 3 = 0 THEN '{"team":"red"}' ELSE '{}' END::jsonb,
    now() - n * interval '1 minute', now(), '{}', CASE WHEN n % 20 = 0 THEN '{"vcpu":1}' ELSE '{}' END::jsonb, '{}', 1,
    CASE WHEN n % 20 = 0 THEN now() + n * interval '1 second' END`
  const names = 'created_at, entered_state_at, holds, occupies, document, event_seq, look_again_at'
  await sql(`INSERT INTO leases (id, tenant_id, pool, state, version, generation, labels, ${names})
    SELECT 'lse_' || n, ${columns}, 0, ${rest} FROM generate_series(1, 20000) n`)
  await sql(`INSERT INTO tasks (id, tenant_id, pool, state, version, attempt, priority, labels, ${names})
    SELECT 'tsk_' || n, ${columns}, 0, 50, ${rest} FROM generate_series(1, 20000) n`)
  await sql(`INSERT INTO lease_events (lease_id, seq, tenant_id, at, actor_kind, actor_id, state)
    SELECT 'lse_' || n, s, 'ten_' || n % 50, now(), 'platform', 'w', 'queued'
    FROM generate_series(1, 20000) n, generate_series(1, 2) s`)
  await sql(`INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
    SELECT 'ten_' || n % 1000, now(), 'platform', 'w', 'lease.ready', 'lse_' || n, '{}'
    FROM generate_series(1, 20000) n`)
  await sql(`INSERT INTO usage_intervals (tenant_id, holder_kind, holder_id, started_at, ended_at, price_per_hour_micros)
    SELECT 'ten_' || n % 50, 'lease', 'lse_' || n, now() - n * interval '1 minute', now(), 1
    FROM generate_series(1, 20000) n`)
  const queuedToo = { queueDeadlineAt: 1 }
  await sql('UPDATE leases SET document = $1', [{ ...aLease.failed(), ...queuedToo }])
  await sql('UPDATE tasks SET document = $1', [{ ...aTask.failed(), ...queuedToo }])
  await sql('VACUUM ANALYZE')
}
