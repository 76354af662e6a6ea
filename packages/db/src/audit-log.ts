import type { AuditLog } from '@leasehold/application'
import { auditRow } from './audit-rows.ts'
import { readCursor, toPage } from './cursor.ts'
import { auditEventFromRow } from './rows/small-rows.ts'
import type { StoreDeps } from './store-deps.ts'

type AuditRow = Parameters<typeof auditEventFromRow>[0]

export function makeAuditLog({ prisma, tenantQuery }: StoreDeps): AuditLog {
  return {
    async record(event) {
      await prisma.auditEvent.create({ data: auditRow(event) })
    },

    async list(tenantId, { limit, cursor }) {
      const list = `audit ${tenantId}`
      const after = readCursor(list, cursor)
      const rows = await tenantQuery<AuditRow>(
        tenantId,
        `audit-list${after === null ? '' : '-after'}`,
        `SELECT id, tenant_id AS "tenantId", at, actor_kind AS "actorKind", actor_id AS "actorId",
           event, subject, facts
         FROM audit_events WHERE tenant_id = $1 ${after === null ? '' : 'AND id < $3'}
         ORDER BY id DESC LIMIT $2`,
        [tenantId, limit + 1, ...(after === null ? [] : [after.at])],
      )
      const { items, next } = toPage(list, rows, limit, ({ id }) => ({ at: Number(id), id: '' }))
      return { items: items.map(auditEventFromRow), next }
    },
  }
}
