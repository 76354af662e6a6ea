import { aLease, aTask, testNow } from '@leasehold/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LeaseId, TenantId } from '../shared/ids.ts'
import { usageDay } from './usage-day.ts'
import {
  costMicros,
  type UsageInterval,
  usageChangeOfLease,
  usageChangeOfTask,
  usageSeconds,
} from './usage-interval.ts'

const interval = (facts: Partial<UsageInterval> = {}): UsageInterval => ({
  tenantId: 'ten_acme' as TenantId,
  holder: { kind: 'lease', id: 'lse_1' as LeaseId },
  startedAt: testNow,
  endedAt: testNow + 1_500,
  pricePerHourMicros: 3_600,
  ...facts,
})

describe('usage', () => {
  it('is billed by the second begun', () => {
    expect(usageSeconds(interval(), testNow)).toBe(2)
    expect(costMicros(interval(), testNow)).toBe(2)
  })

  it('counts until now while it goes on, and never backwards', () => {
    expect(usageSeconds(interval({ endedAt: null }), testNow + 5_000)).toBe(5)
    expect(usageSeconds(interval({ endedAt: null }), testNow - 5_000)).toBe(0)
  })

  it('begins and ends with a machine that can be used', () => {
    expect(usageChangeOfLease(aLease.provisioning(), aLease.ready())).toBe('opens')
    expect(usageChangeOfLease(aLease.ready(), aLease.stopping())).toBe('closes')
    expect(usageChangeOfLease(aLease.ready(), aLease.ready())).toBe('none')
    expect(usageChangeOfTask(aTask.starting(), aTask.running())).toBe('opens')
    expect(usageChangeOfTask(aTask.running(), aTask.ending())).toBe('closes')
    expect(usageChangeOfTask(aTask.starting(), aTask.ending())).toBe('none')
  })
})

describe('the day of an instant', () => {
  it('is what the calendar says', () => {
    const least = Date.UTC(1970, 0, 1)
    const most = Date.UTC(2400, 11, 31)

    fc.assert(
      fc.property(fc.integer({ min: least, max: most }), (at) => {
        expect(usageDay(at)).toBe(new Date(at).toISOString().slice(0, 10))
      }),
    )
  })

  it.each(['2024-02-29', '2000-02-29', '2100-03-01', '1970-01-01', '2026-12-31'])(
    'knows %s from its first to its last millisecond',
    (day) => {
      const start = Date.parse(`${day}T00:00:00Z`)

      expect(usageDay(start)).toBe(day)
      expect(usageDay(start + 86_399_999)).toBe(day)
      expect(usageDay(start - 1)).not.toBe(day)
    },
  )
})
