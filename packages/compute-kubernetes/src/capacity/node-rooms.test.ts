import type { GpuTypeName } from '@leasehold/domain'
import { describe, expect, it } from 'vitest'
import { labelNames, managedBy } from '../object-names.ts'
import { someSettings } from '../tenancy/testing/some-settings.ts'
import { type ClusterNode, type ClusterPod, nodeRead, podRead } from './node-and-pod.ts'
import type { CapacitySettings } from './node-gpus.ts'
import { nodeRooms } from './node-rooms.ts'
import { aClusterNode, aClusterPod, asStored } from './testing/some-nodes.ts'

const node = (...facts: Parameters<typeof aClusterNode>) =>
  nodeRead(asStored<ClusterNode>(aClusterNode(...facts)))
const pod = (...facts: Parameters<typeof aClusterPod>) =>
  podRead(asStored<ClusterPod>(aClusterPod(...facts)))
const rooms = (
  nodes: ClusterNode[],
  pods: ClusterPod[] = [],
  settings: CapacitySettings = someSettings(),
) => nodeRooms(nodes, pods, settings)

const a100 = 'nvidia.com/GA100_A100_PCIE_40GB'
const t4 = 'nvidia.com/GRID_T4-4Q'
const workload = (kind: string) => ({ 'nvidia.com/gpu.workload.config': kind })

describe('the room of a node', () => {
  it('is its allocatable less what the pods on it ask for', () => {
    const nodes = [node({ allocatable: { 'hugepages-2Mi': '4Gi', 'ephemeral-storage': '10Gi' } })]
    const pods = [
      pod({ name: 'a', requests: { cpu: '1500m', memory: '1Gi' } }),
      pod({ name: 'b', requests: { cpu: '100m', memory: '1', 'hugepages-2Mi': '2Gi' } }),
      pod({ name: 'elsewhere', node: 'node-2', requests: { cpu: '8' } }),
      pod({ name: 'nowhere', node: null, requests: { cpu: '8' } }),
    ]

    expect(rooms(nodes, pods)).toMatchObject([
      {
        name: 'node-1',
        total: {
          'cpu-milli': 8_000,
          'memory-mib': 16_384,
          'hugepages-2mi-mib': 4_096,
          'scratch-mib': 10_240,
          places: 110,
        },
        free: {
          'cpu-milli': 6_400,
          // One byte more than a GiB keeps a whole MiB.
          'memory-mib': 15_359,
          'hugepages-2mi-mib': 2_048,
          places: 108,
        },
      },
    ])
  })

  it.each([
    { name: 'is closed', facts: { isClosed: true } },
    { name: 'does not answer', facts: { isReady: false } },
  ])('is none where the node $name', ({ facts }) => {
    expect(rooms([node(facts), node({ name: 'well' })]).map(({ name }) => name)).toEqual(['well'])
  })

  it('is none on a node that is on its way out, or never said that it is ready', () => {
    const leaving = node()
    const metadata = { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' }

    expect(rooms([{ ...leaving, metadata }])).toEqual([])
    expect(rooms([{ ...leaving, status: { ...leaving.status, conditions: [] } }])).toEqual([])
  })

  it.each([
    { name: 'plain', labels: {}, allocatable: {}, runs: 'any' },
    { name: 'labelled', labels: workload('vm-vgpu'), allocatable: { [t4]: '8' }, runs: 'vm-vgpu' },
    {
      name: 'labelled for containers',
      labels: workload('container'),
      allocatable: { 'nvidia.com/gpu': '8' },
      runs: 'container',
    },
    {
      name: 'not labelled, with GPUs of containers',
      labels: {},
      allocatable: { 'nvidia.com/gpu': '8' },
      runs: 'container',
    },
    {
      name: 'not labelled, with GPUs of machines',
      labels: {},
      allocatable: { [a100]: '2' },
      runs: 'vm-passthrough',
    },
    {
      name: 'not labelled, with both',
      labels: {},
      allocatable: { [a100]: '2', 'nvidia.com/gpu': '2' },
      runs: 'any',
    },
    {
      name: 'without KubeVirt',
      labels: { 'kubevirt.io/schedulable': 'false', ...workload('vm-vgpu') },
      allocatable: { [t4]: '8' },
      runs: 'container',
    },
    { name: 'labelled with nonsense', labels: workload('both'), allocatable: {}, runs: 'any' },
  ])('runs $runs: $name', ({ labels, allocatable, runs }) => {
    expect(rooms([node({ labels, allocatable })])[0]?.runs).toBe(runs)
  })

  it.each([
    {
      name: 'whole cards of machines',
      labels: workload('vm-passthrough'),
      allocatable: { [a100]: '4' },
      used: { [a100]: '1' },
      total: { 'gpu/a100-40gb': 4 },
      free: { 'gpu/a100-40gb': 3 },
    },
    {
      name: 'parts of cards, one by one',
      labels: workload('vm-vgpu'),
      allocatable: { [t4]: '8' },
      used: { [t4]: '3' },
      total: { 'gpu/t4-4q': 8 },
      free: { 'gpu/t4-4q': 5 },
    },
    {
      name: 'no more parts than its cards have',
      labels: { ...workload('vm-vgpu'), 'nvidia.com/gpu.count': '2' },
      allocatable: { [t4]: '16' },
      used: {},
      total: { 'gpu/t4-4q': 8 },
      free: { 'gpu/t4-4q': 8 },
    },
    {
      name: 'cards of containers, by their name for containers',
      labels: workload('container'),
      allocatable: { 'nvidia.com/gpu': '8', [a100]: '8' },
      used: { 'nvidia.com/gpu': '2' },
      total: { 'gpu/a100-40gb': 8 },
      free: { 'gpu/a100-40gb': 6 },
    },
  ])('counts GPUs: $name', ({ labels, allocatable, used, total, free }) => {
    const [room] = rooms([node({ labels, allocatable })], [pod({ requests: used })])

    expect(room?.total).toMatchObject(total)
    expect(room?.free).toMatchObject(free)
  })

  it('has GPUs for machines that nobody but their driver tells of, unless it runs containers only', () => {
    const l4 = 'l4' as GpuTypeName
    const settings = {
      ...someSettings(),
      gpus: { [l4]: { by: 'dra', deviceClassName: 'gpu.example.com' } },
    } as const
    const ofClass = new Map([['gpu.example.com', { total: 4, taken: 1 }]])
    const devices = new Map([
      ['node-1', ofClass],
      ['node-2', ofClass],
    ])
    const nodes = [
      node(),
      node({ name: 'node-2', labels: workload('container') }),
      node({ name: 'bare' }),
    ]

    const found = nodeRooms(nodes, [], settings, devices)

    expect(found.map(({ runs, total, free }) => [runs, total['gpu/l4'], free['gpu/l4']])).toEqual([
      ['vm-passthrough', 4, 3],
      ['container', undefined, undefined],
      ['any', undefined, undefined],
    ])
  })

  it('tells GPU types with one name for containers apart by the labels of their nodes', () => {
    const product = (name: string) => ({ 'nvidia.com/gpu.product': name })
    const taskGpus = {
      ['big' as GpuTypeName]: { resourceName: 'nvidia.com/gpu', nodeLabels: product('A100') },
      ['small' as GpuTypeName]: { resourceName: 'nvidia.com/gpu', nodeLabels: product('L4') },
    }
    const allocatable = { 'nvidia.com/gpu': '4' }
    const nodes = ['A100', 'L4'].map((name) => node({ name, labels: product(name), allocatable }))

    const found = rooms(nodes, [], { gpus: {}, taskGpus })

    expect(
      found.map(({ total }) => Object.keys(total).filter((name) => name.startsWith('gpu/'))),
    ).toEqual([['gpu/big'], ['gpu/small']])
  })

  it('knows whose machines stand on it, and leaves tasks out of that', () => {
    const ours = { [labelNames.managedBy]: managedBy, [labelNames.tenant]: 'ten_acme' }
    const lease = { ...ours, [labelNames.lease]: 'lse_1', [labelNames.machineType]: 'tiny' }
    const task = { ...ours, [labelNames.tenant]: 'ten_globex', [labelNames.task]: 'tsk_1' }

    const [room] = rooms(
      [node()],
      [pod({ name: 'a', labels: lease }), pod({ name: 'b', labels: task })],
    )

    expect([...(room?.tenants ?? [])]).toEqual(['ten_acme'])
    expect([...(room?.machineTypes ?? [])]).toEqual(['tiny'])
  })

  it('carries taints with a value, even where they have none', () => {
    const taints = [{ key: 'dedicated', effect: 'NoSchedule' as const }]

    expect(rooms([node({ taints })])[0]?.taints).toEqual([
      { key: 'dedicated', value: '', effect: 'NoSchedule' },
    ])
  })
})
