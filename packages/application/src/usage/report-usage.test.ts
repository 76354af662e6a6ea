import type { LeaseId, TenantId, UsageInterval } from '@leasehold/domain'
import { aPlatform } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { makeReportUsage } from './report-usage.ts'

const acme = 'ten_acme' as TenantId
const hourMs = 3_600_000
const noon = Date.parse('2026-01-05T12:00:00Z')

async function withIntervals(...intervals: Partial<UsageInterval>[]) {
  const platform = await aPlatform()
  for (const facts of intervals)
    platform.memory.usage.push({
      tenantId: acme,
      holder: { kind: 'lease', id: 'lse_1' as LeaseId },
      startedAt: noon - 2 * hourMs,
      endedAt: noon - hourMs,
      pricePerHourMicros: 3_600,
      ...facts,
    })
  return makeReportUsage(platform)
}

describe('a report of usage', () => {
  it('is split by day at midnight UTC, and adds up', async () => {
    const report = await withIntervals({
      startedAt: Date.parse('2026-01-03T23:00:00Z'),
      endedAt: Date.parse('2026-01-05T01:00:00Z'),
    })

    const { byDay, total } = await report(acme, { from: null, to: null })

    expect(byDay).toEqual([
      { day: '2026-01-03', seconds: 3_600, costMicros: 3_600 },
      { day: '2026-01-04', seconds: 86_400, costMicros: 86_400 },
      { day: '2026-01-05', seconds: 3_600, costMicros: 3_600 },
    ])
    expect(total).toEqual({ seconds: 93_600, costMicros: 93_600 })
  })

  it('counts only what lies in the period', async () => {
    const report = await withIntervals({ startedAt: noon - 10 * hourMs, endedAt: null })

    const { items } = await report(acme, { from: noon - 3 * hourMs, to: noon - hourMs })

    expect(items).toMatchObject([
      { startedAt: noon - 3 * hourMs, endedAt: noon - hourMs, seconds: 7_200 },
    ])
  })

  it('counts what goes on until now', async () => {
    const report = await withIntervals({ startedAt: noon - hourMs, endedAt: null })

    const { items } = await report(acme, { from: null, to: null })

    expect(items).toMatchObject([{ endedAt: null, seconds: 3_600 }])
  })

  it('sums up per lease and task, and never shows another tenant', async () => {
    const report = await withIntervals(
      {},
      {},
      { holder: { kind: 'lease', id: 'lse_2' as LeaseId } },
      { tenantId: 'ten_globex' as TenantId },
    )

    const { byHolder } = await report(acme, { from: null, to: null })

    expect(byHolder.map(({ holder, seconds }) => [holder.id, seconds])).toEqual([
      ['lse_1', 7_200],
      ['lse_2', 3_600],
    ])
  })

  it.each([
    { from: noon, to: noon },
    { from: noon, to: noon - 1 },
    { from: 0, to: noon },
  ])('is refused from $from to $to', async (period) => {
    const report = await withIntervals()

    await expect(report(acme, period)).rejects.toMatchObject({ code: 'request/invalid' })
  })
})
