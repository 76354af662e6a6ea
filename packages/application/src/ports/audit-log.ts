import type { AuditEvent, TenantId } from '@leasehold/domain'
import type { Page, PageRequest } from './page.ts'

/** Read side; stores write audit events in the transaction of the change itself. */
export interface AuditLog {
  record(event: AuditEvent): Promise<void>
  list(tenantId: TenantId, page: PageRequest): Promise<Page<AuditEvent>>
}
