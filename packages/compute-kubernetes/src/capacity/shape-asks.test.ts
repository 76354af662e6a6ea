import type { CpuTopology, GpuTypeName, MachineShape, TaskIsolation } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { someSettings } from '../tenancy/testing/some-settings.ts'
import { shapeAsks } from './shape-asks.ts'

const cpu: CpuTopology = { sockets: 1, cores: 1, threads: 1, model: 'host-model' }
const shape = (facts: Partial<MachineShape> = {}): MachineShape => ({
  cpu,
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
  ...facts,
})
const own = { numaPassthrough: false, isolatedEmulatorThread: false }
const a100 = 'a100-40gb' as GpuTypeName
const asks = (facts: Partial<MachineShape>, as: 'machine' | 'container' = 'machine') =>
  shapeAsks(shape(facts), as, someSettings())

// The overheads were read off launcher pods that virt-controller made.
describe('what a machine asks of its node', () => {
  it.each<{ name: string; facts: Partial<MachineShape>; takes: object }>([
    {
      name: 'one CPU and 1 GiB',
      facts: {},
      takes: { 'cpu-milli': 1_000, 'memory-mib': 1_024 + 270, places: 1 },
    },
    {
      name: 'overcommitted',
      facts: {
        cpu: { ...cpu, cores: 4, overcommitPercent: 150 },
        memory: { overcommitPercent: 150 },
      },
      takes: { 'cpu-milli': 2_667, 'memory-mib': 683 + 294 },
    },
    {
      name: 'with GPUs, and what locks their memory',
      facts: { cpu: { ...cpu, cores: 4 }, memoryMiB: 8_192, gpus: [{ type: a100, count: 2 }] },
      takes: { 'memory-mib': 8_192 + 1_332, 'gpu/a100-40gb': 2 },
    },
    {
      name: 'on huge pages, with only the overhead beside them',
      facts: { memoryMiB: 4_096, memory: { hugePages: '2Mi' } },
      takes: { 'hugepages-2mi-mib': 4_096, 'memory-mib': 276 },
    },
    {
      name: 'with CPUs of its own and of its emulator',
      facts: { cpu: { ...cpu, cores: 2, dedicated: { ...own, isolatedEmulatorThread: true } } },
      takes: { 'cpu-milli': 3_000 },
    },
  ])('$name', ({ facts, takes }) => {
    expect(asks(facts).takes).toMatchObject(takes)
  })

  it('goes where KubeVirt would send it', () => {
    const placement = { nodeLabels: { zone: 'a' }, apartFrom: 'same-tenant' } as const

    expect(
      asks({
        cpu: {
          ...cpu,
          model: 'Skylake-Server-v2',
          dedicated: own,
          features: [
            { name: 'avx2', policy: 'require' },
            { name: 'hle', policy: 'forbid' },
          ],
        },
        placement,
      }).placement,
    ).toEqual({
      apartFrom: 'same-tenant',
      nodeLabels: {
        zone: 'a',
        'kubevirt.io/cpumanager': 'true',
        'cpu-model.node.kubevirt.io/Skylake-Server-v2': 'true',
        'cpu-feature.node.kubevirt.io/avx2': 'true',
      },
    })
    expect(asks({}).placement).toBeNull()
  })
})

describe('what a container asks of its node', () => {
  it('is more where a machine of its own is around it, as it asks or as is usual', () => {
    const withKata = someSettings({ kataRuntimeClass: 'kata-qemu', tasks: {} })
    const of = (isolation: TaskIsolation | null) =>
      shapeAsks(shape(), 'container', withKata, isolation).takes

    const more = { 'cpu-milli': 1_250, 'memory-mib': 1_344 }
    expect(of('kata')).toMatchObject(more)
    expect(of(null)).toMatchObject(more)
    expect(of('container')).toMatchObject({ 'cpu-milli': 1_000, 'memory-mib': 1_024 })
  })

  it('is its shape, without a launcher, and its files', () => {
    const { takes } = asks({ gpus: [{ type: a100, count: 1 }] }, 'container')

    expect(takes).toEqual({
      'cpu-milli': 1_000,
      'memory-mib': 1_024,
      'scratch-mib': 5_376,
      'gpu/a100-40gb': 1,
      places: 1,
    })
  })
})
