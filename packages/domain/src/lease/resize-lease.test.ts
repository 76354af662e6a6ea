import { aLease, aMachineType, aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { MachineShape } from '../catalogue/machine-type.ts'
import type { GpuTypeName, MachineTypeName } from '../shared/ids.ts'
import { resizeLease } from './resize-lease.ts'

const cpu = { sockets: 2, cores: 2, threads: 1, model: 'host-model', maxSockets: 4 }
const large = (facts: Partial<MachineShape> = {}) =>
  aMachineType({
    name: 'large' as MachineTypeName,
    pricePerHourMicros: 90_000,
    shape: aShape({ cpu, memoryMiB: 8_192, memory: { maxMiB: 16_384 }, ...facts }),
  })

const apart = { placement: { apartFrom: 'same-machine-type' as const } }

describe('a stopped lease that gets another size', () => {
  it('has its CPUs, memory and price, and keeps its disks', () => {
    const lease = aLease.stopped()
    const disks = [{ role: 'system' as const, sizeGiB: 40 }]

    expect(resizeLease(lease, large({ disks }))).toEqual({
      ...lease,
      version: lease.version + 1,
      machineType: 'large',
      pricePerHourMicros: 90_000,
      shape: { ...large().shape, disks: lease.shape.disks },
    })
  })

  it.each<[string, Partial<MachineShape>, string]>([
    ['less disk', { disks: [{ role: 'system', sizeGiB: 3 }] }, 'disks'],
    [
      'one disk more',
      {
        disks: [
          { role: 'system', sizeGiB: 4 },
          { role: 'data', sizeGiB: 4 },
        ],
      },
      'disks',
    ],
    ['a GPU', { gpus: [{ type: 'h100-80gb' as GpuTypeName, count: 1 }] }, 'gpus'],
    ['another CPU model', { cpu: { ...cpu, model: 'EPYC' } }, 'cpu'],
    ['huge pages', { memory: { hugePages: '2Mi' } }, 'memory'],
    ['nodes of its own', { placement: { nodeLabels: { a: 'b' } } }, 'placement'],
    ['a promise of its own', { critical: true }, 'critical'],
  ])('is refused a type with %s, and told so', (_what, facts, differs) => {
    expect(() => resizeLease(aLease.stopped(), large(facts))).toThrow(
      expect.objectContaining({
        code: 'machine-type/unavailable',
        facts: { machineType: 'large', differs },
      }),
    )
  })

  it('is refused where it stands apart from machines of its own type, which has a name', () => {
    const lease = aLease.stopped({ shape: aShape(apart) })

    expect(() => resizeLease(lease, large({ ...apart, memory: {} }))).toThrow('stands apart from')
  })
})
