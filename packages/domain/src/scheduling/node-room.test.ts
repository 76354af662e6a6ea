import { aNode } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { type Footprint, maySuit, type NodeAmounts, sumOfNodes } from './node-room.ts'

const gpu = (count: number): NodeAmounts => ({ 'gpu/a100': count })
const wants = (takes: NodeAmounts, facts: Partial<Footprint> = {}): Footprint => ({
  takes,
  as: 'machine',
  placement: null,
  tenantId: null,
  machineType: null,
  ...facts,
})

describe('a node', () => {
  const plain = { 'cpu-milli': 1_000 }
  it.each([
    { runs: 'any', as: 'machine', takes: gpu(1), may: true },
    { runs: 'any', as: 'container', takes: gpu(1), may: true },
    { runs: 'container', as: 'machine', takes: gpu(1), may: false },
    { runs: 'container', as: 'machine', takes: plain, may: false },
    { runs: 'container', as: 'container', takes: gpu(1), may: true },
    { runs: 'vm-passthrough', as: 'machine', takes: gpu(1), may: true },
    { runs: 'vm-passthrough', as: 'container', takes: gpu(1), may: false },
    { runs: 'vm-passthrough', as: 'container', takes: plain, may: true },
    { runs: 'vm-vgpu', as: 'machine', takes: gpu(1), may: true },
    { runs: 'vm-vgpu', as: 'container', takes: gpu(1), may: false },
  ] as const)(
    'may stand ($may) on a node of kind $runs as a $as that takes $takes',
    ({ runs, as, takes, may }) => {
      const node = aNode({ runs, total: gpu(4) })

      expect(maySuit(node, wants(takes, { as }))).toBe(may)
    },
  )

  const dedicated = { key: 'dedicated', value: 'database', effect: 'NoSchedule' } as const
  it.each([
    { name: 'a taint nobody stands', taints: [dedicated], placement: null, may: false },
    {
      name: 'a taint that is only a wish',
      taints: [{ ...dedicated, effect: 'PreferNoSchedule' as const }],
      placement: null,
      may: true,
    },
    {
      name: 'a taint it stands',
      taints: [dedicated],
      placement: { tolerations: [dedicated] },
      may: true,
    },
    {
      name: 'any value of the taint',
      taints: [dedicated],
      placement: { tolerations: [{ key: 'dedicated', effect: 'NoSchedule' as const }] },
      may: true,
    },
    {
      name: 'another value',
      taints: [dedicated],
      placement: { tolerations: [{ ...dedicated, value: 'web' }] },
      may: false,
    },
    {
      name: 'another effect',
      taints: [dedicated],
      placement: { tolerations: [{ ...dedicated, effect: 'NoExecute' as const }] },
      may: false,
    },
    { name: 'a label it has', taints: [], placement: { nodeLabels: { disk: 'nvme' } }, may: true },
    {
      name: 'a label it lacks',
      taints: [],
      placement: { nodeLabels: { disk: 'tape' } },
      may: false,
    },
  ])('may hold ($may) a machine: $name', ({ taints, placement, may }) => {
    const node = aNode({ taints, labels: { disk: 'nvme' } })

    expect(maySuit(node, wants(plain, { placement }))).toBe(may)
  })
})

describe('nodes together', () => {
  it('are counted in the units of quotas', () => {
    const node = aNode({
      total: { 'cpu-milli': 7_900, 'memory-mib': 100, 'hugepages-2mi-mib': 50, ...gpu(2) },
      free: { 'cpu-milli': -5 },
    })

    expect(sumOfNodes([node, node], 'total')).toEqual({
      vcpu: 15,
      'memory-mib': 300,
      'gpu/a100': 4,
    })
    expect(sumOfNodes([node], 'free')).toEqual({ vcpu: 0, 'memory-mib': 150, 'gpu/a100': 2 })
  })
})
