import { aShape } from '@leasehold/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GpuTypeName, TenantId } from '../shared/ids.ts'
import { findShortage } from './quota.ts'
import {
  addAmounts,
  amountsOfShape,
  findLack,
  isResourceName,
  largerAmounts,
  subtractAmounts,
  timesFitting,
} from './resources.ts'

const tenantId = 'ten_acme' as TenantId
const anAmounts = fc.record(
  { vcpu: fc.nat(50), 'memory-mib': fc.nat(50), 'gpu/h100': fc.nat(50) },
  { requiredKeys: [] },
)

describe('amounts', () => {
  it('of which the larger is taken cover both, and nothing more', () => {
    fc.assert(
      fc.property(anAmounts, anAmounts, (left, right) => {
        const larger = largerAmounts(left, right)

        for (const name of ['vcpu', 'memory-mib', 'gpu/h100'] as const)
          expect(larger[name] ?? 0).toBe(Math.max(left[name] ?? 0, right[name] ?? 0))
      }),
    )
  })

  it('of a shape count all its parts', () => {
    const h100 = 'h100' as GpuTypeName
    const shape = aShape({
      cpu: { sockets: 2, cores: 4, threads: 2, model: 'host-model' },
      disks: [
        { role: 'system', sizeGiB: 10 },
        { role: 'data', sizeGiB: 90 },
      ],
      gpus: [
        { type: h100, count: 1 },
        { type: h100, count: 2 },
      ],
    })

    expect(amountsOfShape(shape)).toEqual({
      vcpu: 16,
      'memory-mib': 1_024,
      'disk-gib': 100,
      'gpu/h100': 3,
    })
  })

  it('come back to what they were when the same is added and taken away', () => {
    fc.assert(
      fc.property(anAmounts, anAmounts, (left, right) => {
        const back = subtractAmounts(addAmounts(left, right), right)

        expect(subtractAmounts(back, left)).toEqual({})
      }),
    )
  })

  it('fit as often as they say, and not once more', () => {
    fc.assert(
      fc.property(anAmounts, anAmounts, (needs, free) => {
        const times = timesFitting(needs, free)
        const sum = (count: number) =>
          Array.from({ length: count }).reduce<typeof needs>((all) => addAmounts(all, needs), {})

        expect(findLack(sum(times), free)).toBeNull()
        if (Object.values(needs).some((amount) => amount > 0))
          expect(findLack(sum(times + 1), free)).not.toBeNull()
      }),
    )
  })

  it.each(['vcpu', 'bucket-gib', 'gpu/h100-80gb', 'queued-tasks'])(
    'know %s as a resource',
    (name) => {
      expect(isResourceName(name)).toBe(true)
    },
  )

  it.each(['cpu', 'gpu/', 'gpu/a b', 'gpu/../x', '__proto__', ''])(
    'do not know %j as a resource',
    (name) => {
      expect(isResourceName(name)).toBe(false)
    },
  )
})

describe('a shortage', () => {
  const vcpu = (limit: number, used: number) => ({
    tenantId,
    resource: 'vcpu' as const,
    limit,
    used,
  })

  it.each([
    { name: 'the last free one', limit: 4, used: 3, asked: 1, free: null },
    { name: 'one too many', limit: 4, used: 3, asked: 2, free: 1 },
    { name: 'anything over a limit that was lowered', limit: 2, used: 3, asked: 1, free: 0 },
    { name: 'nothing, also over the limit', limit: 2, used: 3, asked: 0, free: null },
  ])('for $name', ({ limit, used, asked, free }) => {
    const shortage = findShortage([vcpu(limit, used)], { vcpu: asked })

    expect(shortage).toEqual(free === null ? null : { resource: 'vcpu', limit, used, asked, free })
  })

  it('for what has no limit at all is total', () => {
    expect(findShortage([], { 'gpu/h100': 1 })).toMatchObject({ limit: 0, free: 0 })
  })
})
