import { aShape } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import type { DomainError } from '../errors/domain-error.ts'
import type { GpuTypeName } from '../shared/ids.ts'
import { checkShape, reservedCpuMilli, reservedMemoryMiB } from './check-shape.ts'
import type { CpuTopology, GpuMode, MachineShape } from './machine-type.ts'

const modes: Readonly<Record<string, GpuMode>> = { a100: 'passthrough', t4: 'vgpu', slice: 'mig' }
const cpu = (facts: Partial<CpuTopology> = {}): CpuTopology => ({ ...aShape().cpu, ...facts })
const own = { numaPassthrough: false, isolatedEmulatorThread: true }
const gpu = (type: string, count = 1) => ({ type: type as GpuTypeName, count })

function faultOf(shape: Partial<MachineShape>): string | null {
  try {
    checkShape(aShape(shape), (type) => modes[type] ?? null)
    return null
  } catch (error) {
    return (error as DomainError).field
  }
}

describe('the shape of a machine type', () => {
  it.each<{ name: string; shape: Partial<MachineShape> }>([
    { name: 'nothing special', shape: {} },
    {
      name: 'as much overcommit as there may be',
      shape: { cpu: cpu({ overcommitPercent: 150 }), memory: { overcommitPercent: 150 } },
    },
    {
      name: 'CPUs of its own',
      shape: { cpu: cpu({ dedicated: own, threads: 2 }), critical: true },
    },
    {
      name: 'NUMA on huge pages',
      shape: {
        cpu: cpu({ dedicated: { ...own, numaPassthrough: true } }),
        memory: { hugePages: '1Gi' },
      },
    },
    { name: 'room to grow', shape: { cpu: cpu({ maxSockets: 4 }), memory: { maxMiB: 4_096 } } },
    { name: 'whole GPUs', shape: { gpus: [gpu('a100', 2)], onNodeDrain: 'shut-down' } },
    { name: 'shares that may move', shape: { gpus: [gpu('t4')], onNodeDrain: 'move-if-possible' } },
    {
      name: 'overcommit of nothing, though critical',
      shape: { cpu: cpu({ overcommitPercent: 100 }), critical: true },
    },
  ])('is taken: $name', ({ shape }) => {
    expect(faultOf(shape)).toBeNull()
  })

  it.each<{ name: string; shape: Partial<MachineShape>; field: string }>([
    { name: 'no system disk', shape: { disks: [] }, field: '/disks' },
    {
      name: 'too much overcommit of CPUs',
      shape: { cpu: cpu({ overcommitPercent: 151 }) },
      field: '/cpu/overcommitPercent',
    },
    {
      name: 'less than no overcommit',
      shape: { memory: { overcommitPercent: 99 } },
      field: '/memory/overcommitPercent',
    },
    {
      name: 'CPUs of its own, shared',
      shape: { cpu: cpu({ dedicated: own, overcommitPercent: 120 }) },
      field: '/cpu/dedicated',
    },
    {
      name: 'memory shared beside CPUs of its own',
      shape: { cpu: cpu({ dedicated: own }), memory: { overcommitPercent: 110 } },
      field: '/memory/overcommitPercent',
    },
    {
      name: 'four threads per core of its own',
      shape: { cpu: cpu({ dedicated: own, threads: 4 }) },
      field: '/cpu/threads',
    },
    {
      name: 'NUMA without huge pages',
      shape: { cpu: cpu({ dedicated: { ...own, numaPassthrough: true } }) },
      field: '/cpu/dedicated',
    },
    {
      name: 'critical with shared CPUs',
      shape: { cpu: cpu({ overcommitPercent: 101 }), critical: true },
      field: '/cpu/overcommitPercent',
    },
    {
      name: 'critical with shared memory',
      shape: { memory: { overcommitPercent: 101 }, critical: true },
      field: '/memory/overcommitPercent',
    },
    {
      name: 'no whole huge pages',
      shape: { memoryMiB: 1_536, memory: { hugePages: '1Gi' } },
      field: '/memoryMiB',
    },
    {
      name: 'huge pages shared',
      shape: { memory: { hugePages: '2Mi', overcommitPercent: 120 } },
      field: '/memory/overcommitPercent',
    },
    { name: 'growing to less', shape: { memory: { maxMiB: 1_000 } }, field: '/memory/maxMiB' },
    {
      name: 'growing from too little',
      shape: { memoryMiB: 512, memory: { maxMiB: 2_048 } },
      field: '/memory/maxMiB',
    },
    { name: 'growing unevenly', shape: { memory: { maxMiB: 2_049 } }, field: '/memory/maxMiB' },
    {
      name: 'growing with NUMA',
      shape: {
        cpu: cpu({ dedicated: { ...own, numaPassthrough: true } }),
        memory: { hugePages: '2Mi', maxMiB: 2_048 },
      },
      field: '/memory/maxMiB',
    },
    {
      name: 'fewer sockets later',
      shape: { cpu: cpu({ sockets: 2, maxSockets: 1 }) },
      field: '/cpu/maxSockets',
    },
    {
      name: 'a CPU feature twice',
      shape: {
        cpu: cpu({
          features: [
            { name: 'avx2', policy: 'require' },
            { name: 'avx2', policy: 'forbid' },
          ],
        }),
      },
      field: '/cpu/features',
    },
    { name: 'whole GPUs and shares', shape: { gpus: [gpu('a100'), gpu('t4')] }, field: '/gpus' },
    { name: 'whole GPUs and slices', shape: { gpus: [gpu('slice'), gpu('a100')] }, field: '/gpus' },
    { name: 'a GPU type twice', shape: { gpus: [gpu('t4'), gpu('t4')] }, field: '/gpus' },
    {
      name: 'whole GPUs that move',
      shape: { gpus: [gpu('a100')], onNodeDrain: 'move-if-possible' },
      field: '/onNodeDrain',
    },
  ])('is refused at $field: $name', ({ shape, field }) => {
    expect(faultOf(shape)).toBe(field)
  })
})

describe('what a machine reserves', () => {
  it('is what it has, divided by the overcommit, rounded up', () => {
    const shape = aShape({
      cpu: cpu({ cores: 4, overcommitPercent: 150 }),
      memoryMiB: 1_000,
      memory: { overcommitPercent: 150 },
    })

    expect([reservedCpuMilli(shape), reservedMemoryMiB(shape)]).toEqual([2_667, 667])
    expect([reservedCpuMilli(aShape()), reservedMemoryMiB(aShape())]).toEqual([1_000, 1_024])
  })
})
