import type { ApiKeyStore } from '@leasehold/application'
import type { Actor } from '@leasehold/domain'
import { readCursor, toPage } from './cursor.ts'
import {
  type AccountRow,
  type ApiKeyRow,
  accountColumns,
  accountFromRow,
  apiKeyColumns,
  apiKeyFromRow,
  type StoredKeyRow,
  storedKeyFromRow,
} from './rows/api-key-row.ts'
import { isoOf } from './rows/times.ts'
import { toStorableJson } from './storable-text.ts'
import type { StoreDeps } from './store-deps.ts'

const placeOf = (item: { createdAt: number; id: string }) => ({ at: item.createdAt, id: item.id })

/** Service accounts and API keys. Each change and its audit event are one statement. */
export function makeApiKeyStore({ query, tenantQuery, now }: StoreDeps): ApiKeyStore {
  const page = async <Row extends object>(
    columns: string,
    table: 'service_accounts' | 'api_keys',
    list: string,
    tenantId: string,
    { limit, cursor }: { readonly limit: number; readonly cursor: string | null },
  ) => {
    const after = readCursor(list, cursor)
    // The time said twice: row-level security lets an index answer comparisons of times, not of texts.
    const beyond = after === null ? '' : 'AND created_at <= $3 AND (created_at, id) < ($3, $4)'
    return tenantQuery<Row>(
      tenantId,
      `${table}-list${after === null ? '' : '-after'}`,
      `SELECT ${columns} FROM ${table} WHERE tenant_id = $1 ${beyond}
       ORDER BY created_at DESC, id DESC LIMIT $2`,
      [tenantId, limit + 1, ...(after === null ? [] : [isoOf(after.at), after.id])],
    )
  }
  const by = (actor: Actor) => [isoOf(now()), actor.kind, actor.id]

  const findAccount: ApiKeyStore['findAccount'] = async (tenantId, id) => {
    const rows = await tenantQuery<AccountRow>(
      tenantId,
      'service-account-find',
      `SELECT ${accountColumns} FROM service_accounts WHERE tenant_id = $1 AND id = $2`,
      [tenantId, id],
    )
    return rows.map(accountFromRow)[0] ?? null
  }
  const remove = async (
    table: 'service_accounts' | 'api_keys',
    event: string,
    tenantId: string,
    id: string,
    actor: Actor,
  ): Promise<boolean> => {
    const rows = await tenantQuery(
      tenantId,
      `${table}-remove`,
      `WITH gone AS (DELETE FROM ${table} WHERE tenant_id = $1 AND id = $2 RETURNING id),
       audited AS (
         INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
         SELECT $1, $3, $4, $5, '${event}', id, '{}' FROM gone)
       SELECT id FROM gone`,
      [tenantId, id, ...by(actor)],
    )
    return rows.length === 1
  }

  return {
    async addAccount(account, most, actor) {
      toStorableJson(account, account)
      const { id, tenantId, name, role, createdAt, createdBy } = account
      const rows = await tenantQuery(
        tenantId,
        'service-account-add',
        `WITH added AS (
           INSERT INTO service_accounts (id, tenant_id, name, role, created_at, created_by)
           SELECT $2, $1, $3, $4, $5, $6
           WHERE (SELECT count(*) FROM service_accounts WHERE tenant_id = $1) < $7
           ON CONFLICT DO NOTHING RETURNING id, tenant_id, name, role
         ), audited AS (
           INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
           SELECT tenant_id, $8, $9, $10, 'service-account.created', id,
             jsonb_build_object('name', name, 'role', role) FROM added)
         SELECT id FROM added`,
        [tenantId, id, name, role, isoOf(createdAt), createdBy, most, ...by(actor)],
      )
      if (rows.length === 1 || (await findAccount(tenantId, id)) !== null) return 'added'
      const taken = await tenantQuery(
        tenantId,
        'service-account-name',
        'SELECT 1 FROM service_accounts WHERE tenant_id = $1 AND name = $2',
        [tenantId, name],
      )
      return taken.length > 0 ? 'taken' : 'full'
    },

    findAccount,

    async listAccounts(tenantId, request) {
      const list = `service-accounts ${tenantId}`
      const rows = await page<AccountRow>(
        accountColumns,
        'service_accounts',
        list,
        tenantId,
        request,
      )
      return toPage(list, rows.map(accountFromRow), request.limit, placeOf)
    },

    removeAccount: (tenantId, id, actor) =>
      remove('service_accounts', 'service-account.removed', tenantId, id, actor),

    async addKey(key, secretHash, most, actor) {
      toStorableJson(key, key)
      const { id, tenantId, accountId, name, permissions, createdAt, createdBy, expiresAt } = key
      const rows = await tenantQuery(
        tenantId,
        'api-key-add',
        `WITH added AS (
           INSERT INTO api_keys (id, tenant_id, account_id, name, secret_hash, permissions,
             created_at, created_by, expires_at)
           SELECT $2, a.tenant_id, a.id, $4, $5, $6::jsonb, $7::timestamptz, $8, $9
           FROM service_accounts a WHERE a.tenant_id = $1 AND a.id = $3
             AND (SELECT count(*) FROM api_keys k
               WHERE k.account_id = a.id AND k.expires_at > $7::timestamptz) < $10
           RETURNING id, tenant_id, account_id, expires_at
         ), audited AS (
           INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
           SELECT tenant_id, $11, $12, $13, 'api-key.created', id,
             jsonb_build_object('account', account_id, 'expiresAt', expires_at) FROM added)
         SELECT id FROM added`,
        [
          ...[tenantId, id, accountId, name, secretHash],
          permissions === null ? null : JSON.stringify(permissions),
          ...[isoOf(createdAt), createdBy, isoOf(expiresAt), most, ...by(actor)],
        ],
      )
      if (rows.length === 1) return 'added'
      return (await findAccount(tenantId, accountId)) === null ? 'no-account' : 'full'
    },

    async listKeys(tenantId, request) {
      const list = `api-keys ${tenantId}`
      const rows = await page<ApiKeyRow>(apiKeyColumns, 'api_keys', list, tenantId, request)
      return toPage(list, rows.map(apiKeyFromRow), request.limit, placeOf)
    },

    removeKey: (tenantId, id, actor) => remove('api_keys', 'api-key.revoked', tenantId, id, actor),

    async findKeyAnyTenant(id) {
      const rows = await query<StoredKeyRow>(
        'api-key-find-any-tenant',
        `SELECT k.*, a.name AS account_name, a.role AS account_role, t.slug AS tenant_slug
         FROM (SELECT ${apiKeyColumns}, secret_hash FROM api_keys WHERE id = $1) k
           JOIN service_accounts a ON a.id = k.account_id JOIN tenants t ON t.id = k.tenant_id`,
        [id],
      )
      return rows.map(storedKeyFromRow)[0] ?? null
    },

    async noteUsedAnyTenant(id, at) {
      await query(
        'api-key-note-used',
        `UPDATE api_keys SET last_used_at = $2::timestamptz
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $2::timestamptz - interval '60 seconds')`,
        [id, isoOf(at)],
      )
    },

    async prune(before) {
      const rows = await query<{ pruned: number }>(
        'api-key-prune',
        `WITH gone AS (DELETE FROM api_keys WHERE expires_at < $1 RETURNING 1)
         SELECT count(*)::integer AS pruned FROM gone`,
        [isoOf(before)],
      )
      return rows[0]?.pruned ?? 0
    },
  }
}
