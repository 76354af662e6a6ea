import { aLease, aMachineType, aShape, testNow } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { MachineShape } from '../catalogue/machine-type.ts'
import type { GpuTypeName, MachineTypeName } from '../shared/ids.ts'
import { leaseHolds } from './lease-holds.ts'
import { endLease } from './move-lease.ts'
import { keepSize, resizeLease } from './resize-lease.ts'

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

    expect(resizeLease(lease, large({ disks }), testNow)).toEqual({
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
    expect(() => resizeLease(aLease.stopped(), large(facts), testNow)).toThrow(
      expect.objectContaining({
        code: 'machine-type/unavailable',
        facts: { machineType: 'large', differs },
      }),
    )
  })

  it('is refused where it stands apart from machines of its own type, which has a name', () => {
    const lease = aLease.stopped({ shape: aShape(apart) })

    expect(() => resizeLease(lease, large({ ...apart, memory: {} }), testNow)).toThrow(
      'stands apart from',
    )
  })
})

describe('a lease that gets another size while it runs', () => {
  const wanting = () => resizeLease(aLease.ready(), large(), testNow + 7)

  it('goes on as it is, and says what it wants and since when', () => {
    const lease = aLease.ready()

    expect(wanting()).toEqual({
      ...lease,
      version: lease.version + 1,
      wantedSize: {
        machineType: 'large',
        pricePerHourMicros: 90_000,
        shape: { ...large().shape, disks: lease.shape.disks },
        askedAt: testNow + 7,
      },
    })
  })

  it('stays the same when it is asked twice, and takes the last of two sizes', () => {
    const huge = aMachineType({ ...large(), name: 'huge' as MachineTypeName })

    expect(resizeLease(wanting(), large(), testNow + 9)).toEqual(wanting())
    expect(resizeLease(wanting(), huge, testNow + 9).wantedSize).toMatchObject({
      machineType: 'huge',
      askedAt: testNow + 9,
    })
  })

  it('takes its wish back when it is asked for the size it has', () => {
    const lease = wanting()
    const kept = { ...lease, version: lease.version + 1, wantedSize: null }

    expect(resizeLease(lease, aMachineType(), testNow)).toEqual(kept)
    expect(keepSize(lease)).toEqual(kept)
    expect(keepSize(kept)).toBe(kept)
  })

  it('is refused what a stopped one is refused', () => {
    const gpus = [{ type: 'h100-80gb' as GpuTypeName, count: 1 }]

    expect(() => resizeLease(aLease.ready(), large({ gpus }), testNow)).toThrow(
      expect.objectContaining({ code: 'machine-type/unavailable' }),
    )
  })

  it('holds of each resource the larger of what it has and what it wants', () => {
    const cpuOnly = large({ memoryMiB: 512 })

    expect(leaseHolds(resizeLease(aLease.ready(), cpuOnly, testNow))).toEqual({
      vcpu: 4,
      'memory-mib': 1_024,
      'disk-gib': 4,
      leases: 1,
    })
  })

  it('forgets its wish when it is given back, and keeps it over a stop', () => {
    const wanted = wanting().wantedSize

    expect(endLease(wanting(), 'released-by-tenant', testNow, 1).wantedSize).toBeNull()
    expect(endLease(wanting(), 'stopped-by-tenant', testNow, 1).wantedSize).toEqual(wanted)
    const stopping = endLease(wanting(), 'restarted-by-tenant', testNow, 1)
    expect(stopping.state).toBe('stopping')
    if (stopping.state === 'stopping')
      expect(endLease(stopping, 'expired', testNow, 1).wantedSize).toBeNull()
  })
})
