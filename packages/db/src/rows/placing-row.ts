import type { PlacingMachine } from '@leasehold/application'
import type { LeaseId, MachineTypeName, TaskId, TenantId } from '@leasehold/domain'
import { DocumentReader } from './document-reader.ts'
import { readShape } from './shape-row.ts'

/** What is read of a lease or task that has a place and does not answer from there yet. */
export type PlacingRow = {
  readonly id: string
  readonly tenant_id: string
  readonly shape: unknown
  readonly machine_type: string | null
}

export function placingFromRow(row: PlacingRow): PlacingMachine {
  const { id, tenant_id, machine_type } = row
  return {
    id: id as LeaseId | TaskId,
    tenantId: tenant_id as TenantId,
    machineType: machine_type as MachineTypeName | null,
    shape: readShape(new DocumentReader(`placing ${id}`, row.shape, 'shape')),
  }
}
