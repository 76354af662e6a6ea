import type { MachineShape, Tier } from '@leasehold/domain'
import { aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { tierRefusal } from './tier-refusal.ts'

const { cpu } = aShape()
const dedicated = { numaPassthrough: false, isolatedEmulatorThread: false }

describe('what a tier may not have', () => {
  it.each<[Tier, string, Partial<MachineShape>, string | null]>([
    ['production', 'shared CPUs', { cpu: { ...cpu, overcommitPercent: 101 } }, 'at most 100 %'],
    ['production', 'shared memory', { memory: { overcommitPercent: 150 } }, 'at most 100 %'],
    ['production', 'a critical machine without CPUs of its own', { critical: true }, 'dedicated'],
    [
      'production',
      'a critical machine with them',
      { critical: true, cpu: { ...cpu, dedicated } },
      null,
    ],
    ['test', 'four vCPUs on three CPUs', { cpu: { ...cpu, overcommitPercent: 134 } }, '125 %'],
    ['test', 'five vCPUs on four CPUs', { cpu: { ...cpu, overcommitPercent: 125 } }, null],
    ['dev', 'three vCPUs on two CPUs', { cpu: { ...cpu, overcommitPercent: 150 } }, null],
    ['dev', 'CPUs of its own', { cpu: { ...cpu, dedicated } }, 'shared CPUs'],
    ['dev', 'an ordinary machine', {}, null],
  ])('%s: %s', (tier, _what, facts, says) => {
    const refusal = tierRefusal(tier, aShape(facts), {})

    if (says === null) expect(refusal).toBeNull()
    else expect(refusal).toContain(says)
  })

  it('goes by what the operator changed, nodes of its own included', () => {
    const tiers = { dev: { cpuOvercommitPercent: 100, nodeLabels: { 'example.com/tier': 'dev' } } }
    const shared = aShape({ cpu: { ...cpu, overcommitPercent: 120 } })
    const placed = aShape({ placement: { nodeLabels: { 'example.com/tier': 'dev' } } })

    expect(tierRefusal('dev', shared, { tiers })).toContain('at most 100 %')
    expect(tierRefusal('dev', aShape(), { tiers })).toContain('example.com/tier=dev')
    expect(tierRefusal('dev', placed, { tiers })).toBeNull()
  })
})
