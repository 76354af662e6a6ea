import type { AuditLog } from '@leasehold/application'
import { auditRow } from './audit-rows.ts'
import { readCursor, toPage } from './cursor.ts'
import { auditEventFromRow } from './rows/small-rows.ts'
import type { StoreDeps } from './store-deps.ts'

export function makeAuditLog({ prisma }: StoreDeps): AuditLog {
  return {
    async record(event) {
      await prisma.auditEvent.create({ data: auditRow(event) })
    },

    async list(tenantId, { limit, cursor }) {
      const list = `audit ${tenantId}`
      const after = readCursor(list, cursor)
      const rows = await prisma.auditEvent.findMany({
        where: { tenantId, ...(after === null ? {} : { id: { lt: after.at } }) },
        orderBy: { id: 'desc' },
        take: limit + 1,
      })
      const { items, next } = toPage(list, rows, limit, ({ id }) => ({ at: Number(id), id: '' }))
      return { items: items.map(auditEventFromRow), next }
    },
  }
}
