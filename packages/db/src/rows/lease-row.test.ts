import { lookAgainAt, type MachineTypeName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { aLease } from '../../../testing/src/builders/a-lease.ts'
import { testNow } from '../../../testing/src/manual-clock.ts'
import { type LeaseRow, leaseFromRow, rowFromLease } from './lease-row.ts'

/** What PostgreSQL makes of the JSON that goes in: times become dates, the rest comes back as it was. */
function stored(row: ReturnType<typeof rowFromLease>): LeaseRow {
  const { created_at, entered_state_at, ...rest } = JSON.parse(JSON.stringify(row))
  return {
    ...rest,
    created_at: new Date(created_at),
    entered_state_at: new Date(entered_state_at),
  }
}

const obstacle = {
  code: 'no-room',
  detail: 'full',
  since: testNow,
  notedAt: testNow + 1,
} as const
const wantedSize = {
  machineType: 'small' as MachineTypeName,
  shape: aLease.ready().shape,
  pricePerHourMicros: 72_000,
  askedAt: testNow,
}
const everyState = [
  ...Object.entries(aLease).map(([name, make]) => ({ name, lease: make() })),
  { name: 'obstructed', lease: aLease.provisioning({ obstacle }) },
  { name: 'lost for a while', lease: aLease.ready({ obstacle }) },
  { name: 'wanting another size', lease: aLease.ready({ wantedSize }) },
  { name: 'on its way to another size', lease: aLease.stopping({ wantedSize }) },
  { name: 'ended by an obstacle', lease: aLease.failed({ reasonDetail: 'no-room: full' }) },
]

describe('the row of a lease', () => {
  it.each(everyState)('becomes the same lease again: $name', ({ lease }) => {
    expect(leaseFromRow(stored(rowFromLease(lease, testNow)))).toEqual(lease)
  })

  it.each(everyState)('that an earlier version wrote is read as well: $name', ({ lease }) => {
    const row = stored(rowFromLease(lease, testNow))
    const {
      obstacle: _,
      reasonDetail: __,
      wantedSize: ___,
      ...document
    } = row.document as Record<string, unknown>

    const read = leaseFromRow({ ...row, document })

    const added = 'obstacle' in lease ? { obstacle: null } : {}
    const detail = 'reasonDetail' in lease ? { reasonDetail: null } : {}
    expect(read).toEqual({ ...lease, wantedSize: null, ...added, ...detail })
  })

  it('shows an obstacle of a later version as none', () => {
    const row = stored(rowFromLease(aLease.provisioning({ obstacle }), testNow))
    const document = { ...(row.document as object), obstacle: { ...obstacle, code: 'flood' } }

    expect(leaseFromRow({ ...row, document })).toMatchObject({ obstacle: null })
  })

  it('says what was counted and when to look again', () => {
    const queued = rowFromLease(aLease.queued(), testNow)
    const released = rowFromLease(aLease.released(), testNow)

    expect(queued.holds).toEqual({ vcpu: 1, 'memory-mib': 1_024, 'disk-gib': 4, leases: 1 })
    expect(queued.look_again_at).toBe(
      new Date(lookAgainAt(aLease.queued(), testNow) ?? 0).toISOString(),
    )
    expect([released.holds, released.occupies, released.look_again_at]).toEqual([{}, {}, null])
  })

  it.each([
    ['an unknown state', { state: 'dreaming' }, 'leases lse_1: state should be one of'],
    ['a state that is never stored', { state: 'requested' }, 'a state that is stored'],
    ['labels that are a list', { labels: [] }, 'row.labels should be an object of texts'],
    ['no document', { document: null }, 'document should be an object, and is null'],
  ])('with %s is refused with its name', (_, damage, message) => {
    const row = { ...stored(rowFromLease(aLease.ready(), testNow)), ...damage }

    expect(() => leaseFromRow(row)).toThrow(message)
  })

  it.each([
    ['address', undefined, 'leases lse_1: document.address should be an object, and is missing'],
    ['expiresAt', null, 'document.expiresAt should be a whole number, and is null'],
    ['shape', { cpu: { sockets: 1.5 } }, 'document.shape.cpu.sockets should be a whole number'],
    ['authorizedKeys', ['a', 7], 'document.authorizedKeys should be a list of texts'],
  ])('with a damaged %s says which field, and never the value', (field, value, message) => {
    const row = stored(rowFromLease(aLease.ready(), testNow))
    const document = { ...(row.document as object), [field]: value }

    expect(() => leaseFromRow({ ...row, document })).toThrow(message)
  })
})
