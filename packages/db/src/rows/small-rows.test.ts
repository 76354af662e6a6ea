import { describe, expect, it } from 'vitest'
import {
  auditEventFromRow,
  gpuTypeFromRow,
  machineTypeFromRow,
  tenantFromRow,
} from './small-rows.ts'

describe('rows of small things', () => {
  it('refuse a tier, a mode, a shape and facts that nobody knows, and name the row', () => {
    const createdAt = new Date(0)
    const tenant = {
      id: 'ten_1',
      slug: 's',
      name: 'n',
      suspended: false,
      networks: {},
      createdAt,
      version: 1,
    }
    const price = { pricePerHourMicros: 1n }
    const gpu = { name: 'g', product: 'p', memoryMib: 1, ...price }
    const machine = { name: 'm', description: '', pools: [], images: [], ...price }
    const event = { id: 1n, tenantId: null, at: createdAt, actorKind: 'member', actorId: 'a' }

    expect(() => tenantFromRow({ ...tenant, tier: 'gold' })).toThrow('tenants ten_1: row.tier')
    expect(() => gpuTypeFromRow({ ...gpu, mode: 'magic' })).toThrow('gpu_types g: row.mode')
    expect(() => machineTypeFromRow({ ...machine, shape: 7 })).toThrow('machine_types m: row.shape')
    expect(() =>
      auditEventFromRow({ ...event, event: 'e', subject: 's', facts: { a: {} } }),
    ).toThrow('audit_events 1: row.facts')
  })
})
