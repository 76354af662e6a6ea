import type { QuotaLedger } from '@leasehold/application'
import { DomainError, type Quota, type ResourceName, type TenantId } from '@leasehold/domain'
import { isoOf } from './rows/times.ts'
import type { StoreDeps } from './store-deps.ts'

type QuotaRow = {
  readonly tenant_id: string
  readonly resource: string
  readonly limit: string
  readonly used: string
}

export function makeQuotaLedger({ query, tenantQuery, now }: StoreDeps): QuotaLedger {
  const name = 'quota-list'
  const text = `SELECT tenant_id, resource, "limit", used FROM quotas WHERE tenant_id = ANY ($1)
    ORDER BY tenant_id, resource COLLATE "C"`
  return {
    async list(tenantId) {
      return (await tenantQuery<QuotaRow>(tenantId, name, text, [[tenantId]])).map(quotaFromRow)
    },

    async listMany(tenantIds) {
      return (await query<QuotaRow>(name, text, [tenantIds])).map(quotaFromRow)
    },

    async setLimit(tenantId, resource, limit, actor) {
      // A resource that had no row may be held nevertheless: by what was there before the row was removed.
      const rows = await query<QuotaRow>(
        'quota-set-limit',
        `WITH stored AS (
           INSERT INTO quotas AS q (tenant_id, resource, "limit", used)
           SELECT t.id, $2, $3, coalesce((SELECT held FROM quota_drift d
             WHERE d.tenant_id = $1 AND d.resource = $2
               AND NOT EXISTS (SELECT 1 FROM quotas x WHERE x.tenant_id = $1 AND x.resource = $2)), 0)
           FROM tenants t WHERE t.id = $1
           ON CONFLICT (tenant_id, resource) DO UPDATE SET "limit" = EXCLUDED."limit"
           RETURNING tenant_id, resource, "limit", used
         ), audited AS (
           INSERT INTO audit_events (tenant_id, at, actor_kind, actor_id, event, subject, facts)
           SELECT tenant_id, $4, $5, $6, 'quota.changed', resource, jsonb_build_object('limit', "limit")
           FROM stored
         )
         SELECT * FROM stored`,
        [tenantId, resource, limit, isoOf(now()), actor.kind, actor.id],
      )
      const row = rows[0]
      if (row === undefined) throw new DomainError('tenant/not-found', 'There is no such tenant.')
      return quotaFromRow(row)
    },

    async findDrift() {
      const rows = await query<QuotaRow & { held: string }>(
        'quota-drift',
        'SELECT tenant_id, resource, "limit", used, held FROM quota_drift ORDER BY tenant_id, resource',
        [],
      )
      return rows.map((row) => ({ quota: quotaFromRow(row), held: Number(row.held) }))
    },
  }
}

function quotaFromRow(row: QuotaRow): Quota {
  return {
    tenantId: row.tenant_id as TenantId,
    resource: row.resource as ResourceName,
    limit: Number(row.limit),
    used: Number(row.used),
  }
}
