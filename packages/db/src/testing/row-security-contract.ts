import type { Actor, LeaseId, SshKeyId, TaskId, TenantId } from '@leasehold/domain'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { anSshKey, aTenant, someLimits } from '../../../testing/src/builders/a-tenant.ts'
import { aLease, aTask } from '../../../testing/src/index.ts'
import { makeQuery, makeTenantQuery, openPool, type TenantQuery } from '../database-pool.ts'
import { makeLeaseStore } from '../lease-store.ts'
import { type Database, openDatabase } from '../open-database.ts'
import { makeQuotaLedger } from '../quota-ledger.ts'
import { makeSshKeyStore } from '../ssh-key-store.ts'
import type { StoreDeps } from '../store-deps.ts'
import { makeTaskLogStore } from '../task-log-store.ts'
import { makeTaskStore } from '../task-store.ts'
import type { ThrowawayDatabase } from '../throwaway-database.ts'
import { makeUsageStore } from '../usage-store.ts'

const log = { info() {}, warn() {}, error() {} }
const actor: Actor = { kind: 'member', id: 'olivia' }
const [acme, globex] = ['ten_acme', 'ten_globex'] as [TenantId, TenantId]
const lease = aLease.queued({ id: 'lse_acme' as LeaseId, tenantId: acme, labels: { team: 'x' } })
const task = aTask.queued({ id: 'tsk_acme' as TaskId, tenantId: acme, labels: { team: 'x' } })
const key = anSshKey({ id: 'key_acme' as SshKeyId, tenantId: acme })
const page = { limit: 9, cursor: null }

let held: ThrowawayDatabase
let stores: Database
let pool: pg.Pool

/** The statements of the stores, with their tenant argument taken out of every condition. */
function withoutTenantArgument(send: TenantQuery): TenantQuery {
  return (tenantId, name, text, values) => {
    const without = text
      .replaceAll(/\b(\w+\.)?tenant_id = \$1\b/g, '$$1::text IS NOT NULL')
      .replaceAll(/\btenant_id = ANY \(\$1\)/g, '$$1::text[] IS NOT NULL')
    return send(tenantId, `${name} without`, without, values)
  }
}

function carelessStores(send: TenantQuery) {
  const query = makeQuery(pool)
  const deps = { query, tenantQuery: withoutTenantArgument(send), now: Date.now } as StoreDeps
  return {
    leases: makeLeaseStore(deps),
    tasks: makeTaskStore(deps),
    taskLogs: makeTaskLogStore(deps),
    sshKeys: makeSshKeyStore(deps),
    quotas: makeQuotaLedger(deps),
    usage: makeUsageStore(deps),
  }
}

type Careless = ReturnType<typeof carelessStores>
const questions: readonly (readonly [string, (db: Careless) => Promise<readonly unknown[]>])[] = [
  ['one lease', async (db) => [await db.leases.find(globex, lease.id)].filter(Boolean)],
  ['leases', async (db) => (await db.leases.list(globex, {}, page)).items],
  [
    'living leases',
    async (db) => (await db.leases.list(globex, { states: ['queued'] }, page)).items,
  ],
  ['the history of a lease', (db) => db.leases.events(globex, lease.id, 0, 9)],
  ['one task', async (db) => [await db.tasks.find(globex, task.id)].filter(Boolean)],
  ['tasks', async (db) => (await db.tasks.list(globex, {}, page)).items],
  ['a log', async (db) => [...(await db.taskLogs.read(globex, task.id, 0, 99))]],
  ['SSH keys', async (db) => (await db.sshKeys.list(globex, page)).items],
  [
    'the limits of others',
    async (db) => (await db.quotas.list(globex)).filter((q) => q.tenantId === acme),
  ],
]

/** The second wall of one database: `open` gives an empty, migrated one to a login that may act as both roles. */
export function rowSecurityContract(name: string, open: () => Promise<ThrowawayDatabase>): void {
  describe(`the wall around tenants: ${name}`, () => {
    beforeAll(async () => {
      held = await open()
      stores = await openDatabase({ url: held.url, maxConnections: 2, log })
      // One connection, so that whatever a statement leaves behind meets the next one.
      pool = openPool({ url: held.url, maxConnections: 1, log })
      for (const id of [acme, globex])
        await stores.tenants.create(aTenant({ id, slug: id.slice(4) }), someLimits(), actor)
      await stores.leases.admit(lease, actor)
      await stores.tasks.admit(task, actor)
      await stores.taskLogs.append(acme, task.id, 0, Buffer.from('secret'), 100)
      await stores.sshKeys.add(key)
    })
    afterAll(async () => {
      await pool.end()
      await stores.close()
      await held.close()
    })

    describe('a statement that forgot its tenant', () => {
      it.each(questions)('still gets nothing of another tenant: %s', async (_, ask) => {
        const asPlatform: TenantQuery = (_tenantId, ...statement) => makeQuery(pool)(...statement)

        // Without the wall the very same statement gives away what is another's: so it is the wall that holds.
        expect((await ask(carelessStores(asPlatform))).length).toBeGreaterThan(0)
        expect(await ask(carelessStores(makeTenantQuery(pool)))).toEqual([])
      })

      it('changes and removes nothing of another tenant', async () => {
        const careless = carelessStores(makeTenantQuery(pool))

        expect(await careless.sshKeys.remove(globex, key.id)).toBe(false)
        await careless.taskLogs.remove(globex, task.id)

        expect(await stores.sshKeys.find(acme, key.id)).toEqual(key)
        expect(await stores.taskLogs.length(acme, task.id)).toBe(6)
      })
    })

    describe('row-level security', () => {
      const count = (table: string) => `SELECT count(*)::int AS count FROM ${table}`

      it('shows nothing when no tenant is named', async () => {
        const rows = await makeTenantQuery(pool)<{ count: number }>('', 'none', count('leases'), [])

        expect(rows).toEqual([{ count: 0 }])
      })

      it('lets nobody write a row of another tenant', async () => {
        const text = `INSERT INTO ssh_keys SELECT 'key_forged', $1, member_id, name, public_key, 'other', created_at
          FROM ssh_keys LIMIT 1`
        const forge = (as: TenantId) => makeTenantQuery(pool)(as, 'forge', text, [globex])
        await expect(forge(acme)).rejects.toThrow(/row-level security/)

        const moved = makeTenantQuery(pool)(acme, 'move', 'UPDATE leases SET tenant_id = $1', [
          globex,
        ])
        await expect(moved).rejects.toThrow(/row-level security/)
      })

      it('keeps records from being changed and other tables out of reach', async () => {
        const asTenant = makeTenantQuery(pool)
        const ask = (text: string) => asTenant(acme, `denied ${text}`, text, [])

        await expect(ask('DELETE FROM audit_events')).rejects.toThrow(/permission denied/)
        await expect(ask('UPDATE audit_events SET event = event')).rejects.toThrow(
          /permission denied/,
        )
        await expect(ask('SELECT * FROM idempotency_answers')).rejects.toThrow(/permission denied/)
        await expect(ask('SELECT * FROM access_sessions')).rejects.toThrow(/permission denied/)
      })

      it('leaves a connection to the next one as it was, also after an error', async () => {
        const [asTenant, query] = [makeTenantQuery(pool), makeQuery(pool)]
        const see = async (who: TenantId | null) => {
          const text = `SELECT current_user AS role, current_setting('leasehold.tenant_id', true) AS tenant,
            (SELECT count(*)::int FROM leases) AS leases`
          const rows = who === null ? query('see', text, []) : asTenant(who, 'see', text, [])
          return Object.values((await rows)[0] as object)
        }
        const fail = (text: string) => asTenant(acme, `bad ${text}`, text, []).catch(() => {})

        expect(await see(acme)).toEqual(['leasehold_tenant', acme, 1])
        expect(await see(null)).toEqual(['leasehold_platform', '', 1])
        for (const text of ['SELECT nonsense', 'SELECT 1 / 0', "SELECT 'x'::int"]) {
          await fail(text)
          await fail(text)
          expect(await see(globex)).toEqual(['leasehold_tenant', globex, 0])
          expect(await see(null)).toEqual(['leasehold_platform', '', 1])
        }
      })

      it('stands around every table that has a tenant, and its roles can do nothing about it', async () => {
        const owner = new pg.Client({ connectionString: held.url })
        await owner.connect()
        const { rows: open } = await owner.query(`
          SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
          WHERE n.nspname = current_schema() AND c.relkind = 'r'
            AND (c.relname = 'tenants' OR EXISTS (
              SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'))
            AND NOT (c.relrowsecurity AND EXISTS (
              SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'own_tenant'))`)
        const { rows: strong } = await owner.query(`
          SELECT rolname FROM pg_roles WHERE rolname IN ('leasehold_platform', 'leasehold_tenant')
            AND (rolsuper OR rolbypassrls OR rolcanlogin OR rolcreaterole
              OR EXISTS (SELECT 1 FROM pg_class c WHERE c.relowner = pg_roles.oid))`)
        await owner.end()

        expect(open).toEqual([])
        expect(strong).toEqual([])
      })

      it('finds leases and tasks by their labels behind the wall', async () => {
        const labels = { team: 'x' }

        expect(
          (await stores.leases.list(acme, { labels }, page)).items.map(({ id }) => id),
        ).toEqual([lease.id])
        expect((await stores.tasks.list(acme, { labels }, page)).items).toHaveLength(1)
        expect((await stores.leases.list(globex, { labels }, page)).items).toEqual([])
        const stolen = makeTenantQuery(pool)(globex, 'steal', 'SELECT labelled_leases($1, $2)', [
          acme,
          '{}',
        ])
        expect(await stolen).toEqual([])
      })
    })
  })
}
