import type { RunOrder } from '@leasehold/application'
import type { GpuTypeName, ImageName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { runRefusal } from './run-refusal.ts'
import { aRunOrder, taskSettings } from './testing/a-run-order.ts'

const { shape } = aRunOrder()
const gpus = (...types: string[]) => types.map((type) => ({ type: type as GpuTypeName, count: 1 }))
const asking = (facts: Partial<RunOrder['shape']>) => aRunOrder({ shape: { ...shape, ...facts } })

describe('a run that can never happen in this pool', () => {
  it.each([
    {
      what: 'an image it does not have',
      order: aRunOrder({ image: 'cuda' as ImageName }),
      says: 'Image cuda is none of the 1 images for tasks in this pool: python.',
    },
    {
      what: 'a machine of its own',
      order: aRunOrder({ isolation: 'vm' }),
      says: 'This pool runs tasks with isolation container; asked: vm.',
    },
    {
      what: 'Kata where there is none',
      order: aRunOrder({ isolation: 'kata' }),
      says: 'This pool runs tasks with isolation container; asked: kata.',
    },
    {
      what: 'less than is usual for everybody here',
      order: aRunOrder({ isolation: 'container' }),
      facts: { kataRuntimeClass: 'kata-qemu' },
      says: 'This pool runs tasks with isolation kata; asked: container.',
    },
    {
      what: 'hardly any memory',
      order: asking({ memoryMiB: 128 }),
      says: 'A task needs at least 192 MiB of memory here; asked: 128 MiB.',
    },
    {
      what: 'no disk',
      order: asking({ disks: [] }),
      says: 'A task needs at least 1 GiB of disk here; asked: none.',
    },
    {
      what: 'a GPU that is for machines',
      order: asking({ gpus: gpus('h100') }),
      says: '1 × h100: this pool gives tasks only these GPU types: a100, l40s, a100-slice.',
    },
    {
      what: 'two GPU types that are on different nodes',
      order: asking({ gpus: gpus('a100', 'l40s') }),
      says: 'No node has GPUs of the types a100 and l40s at once.',
    },
    {
      what: 'half a GPU',
      order: asking({ gpus: [{ type: 'a100' as GpuTypeName, count: 0.5 }] }),
      says: '0.5 is no number of GPUs.',
    },
  ])('is told why: $what', ({ order, facts, says }) => {
    expect(runRefusal(order, taskSettings(facts))).toBe(says)
  })
})

describe('a run that can happen', () => {
  it.each([
    { what: 'an ordinary one', order: aRunOrder() },
    { what: 'one with Kata', order: aRunOrder({ isolation: 'kata' }) },
    { what: 'one with a GPU and a slice', order: asking({ gpus: gpus('a100', 'a100-slice') }) },
  ])('is not refused: $what', ({ order }) => {
    expect(runRefusal(order, taskSettings({ kataRuntimeClass: 'kata-qemu' }))).toBeNull()
  })
})
