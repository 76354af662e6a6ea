import { aNode } from '@leasehold/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MachineTypeName, TenantId } from '../shared/ids.ts'
import { makeNodePlaces, timesOnNodes, whyNever, whyNotNow } from './node-places.ts'
import { type Footprint, type NodeAmounts, type NodeRoom, sumOfNodes } from './node-room.ts'

const acme = 'ten_acme' as TenantId
const tiny = 'tiny' as MachineTypeName
const gpu = (count: number): NodeAmounts => ({ 'gpu/a100': count })
const wants = (takes: NodeAmounts, facts: Partial<Footprint> = {}): Footprint => ({
  takes,
  as: 'machine',
  placement: null,
  tenantId: acme,
  machineType: tiny,
  ...facts,
})
const withGpus = (total: number, free: number, facts: Partial<NodeRoom> = {}) =>
  aNode({ runs: 'vm-passthrough', total: gpu(total), free: gpu(free), ...facts })

describe('a machine on one of many nodes', () => {
  it.each([
    { name: 'an empty node', nodes: [aNode()], takes: { 'cpu-milli': 2_000 }, times: 4 },
    {
      name: 'two nodes, a remainder on each',
      nodes: [aNode(), aNode()],
      takes: { 'cpu-milli': 3_000 },
      times: 4,
    },
    {
      name: 'GPUs scattered over nodes',
      nodes: [withGpus(2, 1), withGpus(2, 1), withGpus(2, 1)],
      takes: gpu(2),
      times: 0,
    },
    { name: 'two on one node', nodes: [withGpus(2, 2), withGpus(2, 1)], takes: gpu(2), times: 1 },
    {
      name: 'a part of a CPU',
      nodes: [aNode()],
      takes: { 'cpu-milli': 2_667, 'memory-mib': 1_024 },
      times: 2,
    },
    { name: 'a place for each', nodes: [aNode()], takes: { places: 1 }, times: 10 },
    { name: 'no such resource', nodes: [aNode()], takes: { 'hugepages-1gi-mib': 1 }, times: 0 },
    { name: 'no node at all', nodes: [], takes: { places: 1 }, times: 0 },
  ])('fits $times times: $name', ({ nodes, takes, times }) => {
    expect(timesOnNodes(nodes, wants(takes))).toBe(times)
    expect(whyNotNow(nodes, wants(takes)) === null).toBe(times > 0)
  })

  const plain = { 'cpu-milli': 1_000 }

  it('that wants to be apart gets one place per node, and none beside its like', () => {
    const placement = { apartFrom: 'same-machine-type' } as const
    const nodes = [aNode(), aNode(), aNode({ machineTypes: new Set([tiny]) })]

    expect(timesOnNodes(nodes, wants(plain, { placement }))).toBe(2)
    const places = makeNodePlaces(nodes)
    const apart = wants(plain, { placement: { apartFrom: 'same-tenant' } })
    expect([1, 2, 3, 4].map(() => places.take(apart))).toEqual([true, true, true, false])
  })
})

describe('why a machine waits', () => {
  it.each([
    {
      name: 'GPUs scattered over nodes',
      nodes: [withGpus(2, 1), withGpus(2, 1), withGpus(2, 1)],
      takes: { ...gpu(2), places: 1 },
      why: 'gpu/a100 in the pool: 3 free, but no node has 2',
    },
    {
      name: 'too few in all',
      nodes: [withGpus(2, 1), withGpus(2, 0)],
      takes: gpu(2),
      why: 'gpu/a100 in the pool: needs 2, free 1',
    },
    {
      name: 'CPUs, in CPUs',
      nodes: [aNode({ free: { 'cpu-milli': 1_250 } })],
      takes: { 'cpu-milli': 2_667 },
      why: 'vcpu in the pool: needs 2.67, free 1.25',
    },
    {
      name: 'each part on another node',
      nodes: [aNode({ free: { 'cpu-milli': 0 } }), aNode({ free: { 'memory-mib': 0 } })],
      takes: { 'cpu-milli': 1_000, 'memory-mib': 1_024 },
      why: 'everything on one node in the pool: each part is there, but not together',
    },
    {
      name: 'no node of its kind',
      nodes: [aNode({ runs: 'container', total: gpu(1) })],
      takes: gpu(1),
      why: 'a node of its kind in the pool: there is none',
    },
  ])('is said: $name', ({ nodes, takes, why }) => {
    expect(whyNotNow(nodes, wants(takes))).toBe(why)
  })

  it('is that it must be apart, where that is all', () => {
    const nodes = [aNode({ tenants: new Set([acme]) })]
    const placement = { apartFrom: 'same-tenant' } as const

    expect(whyNotNow(nodes, wants({ places: 1 }, { placement }))).toBe(
      'a node in the pool without a machine it must be apart from',
    )
  })

  it.each([
    { name: 'full, but large enough', nodes: [withGpus(2, 0)], takes: gpu(2), why: null },
    {
      name: 'no node is that large',
      nodes: [withGpus(2, 2), withGpus(2, 2)],
      takes: gpu(4),
      why: 'a larger node: gpu/a100: 4 in all, but no node has 4',
    },
    {
      name: 'not even all together',
      nodes: [aNode()],
      takes: { 'memory-mib': 99_999 },
      why: 'a larger node: memory-mib: needs 99999, in all 16384',
    },
    {
      name: 'no node of its kind',
      nodes: [],
      takes: { places: 1 },
      why: 'a pool with a node of its kind: this one has none',
    },
  ])('for ever is said: $name', ({ nodes, takes, why }) => {
    expect(whyNever(nodes, wants(takes))).toBe(why)
  })
})

describe('places that are given away', () => {
  it('are taken on the node that stays emptiest', () => {
    const places = makeNodePlaces([
      aNode({ name: 'half', free: { 'cpu-milli': 4_000 } }),
      aNode({ name: 'empty' }),
    ])

    places.take(wants({ 'cpu-milli': 1_000 }))

    expect(places.nodes().map(({ name, free }) => [name, free['cpu-milli']])).toEqual([
      ['half', 4_000],
      ['empty', 7_000],
    ])
  })

  it('are kept for one that does not fit, on a node that could ever hold it', () => {
    const places = makeNodePlaces([withGpus(1, 1), withGpus(4, 1)])

    expect(places.take(wants(gpu(2)))).toBe(false)
    places.keep(wants(gpu(2)))

    expect(places.nodes().map(({ free }) => free['gpu/a100'])).toEqual([1, -1])
    expect(sumOfNodes(places.nodes(), 'free')['gpu/a100']).toBe(1)
  })

  it('never exceed what a node has', () => {
    const anyNode = fc.record({
      cpu: fc.integer({ min: 0, max: 8 }),
      gpus: fc.integer({ min: 0, max: 4 }),
    })
    const anyWish = fc.record({
      cpu: fc.integer({ min: 0, max: 4 }),
      gpus: fc.integer({ min: 0, max: 3 }),
      keep: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(anyNode, { maxLength: 5 }), fc.array(anyWish), (nodes, wishes) => {
        const rooms = nodes.map(({ cpu, gpus }) =>
          aNode({ total: { 'cpu-milli': cpu * 1_000, places: 100, ...gpu(gpus) } }),
        )
        const places = makeNodePlaces(rooms)
        let takenCpu = 0
        for (const { cpu, gpus, keep } of wishes) {
          const wish = wants({ 'cpu-milli': cpu * 1_000, ...gpu(gpus), places: 1 })
          const before = places.nodes()
          const expected = timesOnNodes(before, wish) > 0
          const took = places.take(wish)
          expect(took).toBe(expected)
          if (took) takenCpu += cpu
          else if (keep) return
        }
        expect(takenCpu).toBeLessThanOrEqual(nodes.reduce((sum, node) => sum + node.cpu, 0))
        for (const node of places.nodes())
          for (const amount of Object.values(node.free)) expect(amount).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
