import { tmpdir } from 'node:os'
import type { GpuTypeName, MachineShape } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import type { GuestImage } from './guest/guest-image.ts'
import { amountsOfCapacity, hostCapacity, shapeRefusal } from './host-limits.ts'

const host = { cpuCount: 4, vcpu: 16, memoryMiB: 8_192, diskGiB: 50, mostDiskGiB: 100 }
const image: GuestImage = {
  id: 'x',
  diskPath: '/x',
  diskFormat: 'raw',
  virtualSizeMiB: 3_072,
  kernel: null,
  hasJupyter: true,
}
const shape: MachineShape = {
  cpu: { sockets: 1, cores: 2, threads: 1, model: 'max' },
  memoryMiB: 1_024,
  disks: [{ role: 'system', sizeGiB: 4 }],
  gpus: [],
}

describe('a shape', () => {
  it('fits a host that has all of it', () => {
    expect(shapeRefusal(shape, image, host)).toBeNull()
  })

  it('waits, rather than being refused, for room on a disk that is full only now', () => {
    const disks: MachineShape['disks'] = [{ role: 'system', sizeGiB: 80 }]

    expect(shapeRefusal({ ...shape, disks }, image, host)).toBeNull()
  })

  it.each<[string, Partial<MachineShape>, RegExp]>([
    ['CPUs', { cpu: { ...shape.cpu, cores: 8 } }, /8 CPUs.* 4\./],
    ['memory', { memoryMiB: 9_000 }, /9000 MiB.*8192 MiB/],
    ['disk', { disks: [...shape.disks, { role: 'data', sizeGiB: 200 }] }, /204 GiB.*100 GiB/],
    [
      'a system disk smaller than the image',
      { disks: [{ role: 'system', sizeGiB: 2 }] },
      /2 GiB.*3 GiB/,
    ],
    ['no system disk', { disks: [{ role: 'data', sizeGiB: 8 }] }, /system disk/],
    ['GPUs', { gpus: [{ type: 'a100' as GpuTypeName, count: 1 }] }, /GPUs/],
  ])('is refused, with numbers, for %s that the host has not', (_what, facts, words) => {
    expect(shapeRefusal({ ...shape, ...facts }, image, host)).toMatch(words)
  })
})

describe('the capacity of a host', () => {
  it('is what the operator set, as far as the host has it', async () => {
    const limits = { vcpu: 3, memoryMiB: 512, diskGiB: 1 }

    const capacity = await hostCapacity(tmpdir(), limits, 0)

    expect(amountsOfCapacity(capacity)).toEqual({ vcpu: 3, 'memory-mib': 512, 'disk-gib': 1 })
  })

  it('is never more than the host has, whatever was set', async () => {
    const capacity = await hostCapacity(tmpdir(), { memoryMiB: 1e9, diskGiB: 1e9 }, 0)

    expect(capacity.memoryMiB).toBeLessThan(1e9)
    expect(capacity.diskGiB).toBeLessThan(1e9)
  })

  it('counts the disks that machines hold as theirs', async () => {
    const without = await hostCapacity(tmpdir(), {}, 0)

    const capacity = await hostCapacity(tmpdir(), {}, 50)

    expect(capacity.diskGiB - without.diskGiB).toBeGreaterThanOrEqual(49)
  })
})
