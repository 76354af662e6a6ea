import { describe, expect, it } from 'vitest'
import type { KubeManifest, KubeObject } from '../client/kube-object.ts'
import { devicesOfNodes } from './claimed-devices.ts'
import {
  claimRead,
  type Device,
  type DeviceClass,
  type ResourceClaim,
  type ResourceSlice,
  sliceRead,
} from './device-objects.ts'
import { aClaim, aDeviceClass, aSlice } from './testing/some-devices.ts'
import { asStored } from './testing/some-nodes.ts'

const stored = <T extends KubeObject>(manifests: readonly KubeManifest[]) =>
  manifests.map((manifest) => asStored<T>(manifest))

function counted(
  slices: readonly KubeManifest[],
  claims: readonly KubeManifest[] = [],
  classes: readonly KubeManifest[] = [aDeviceClass()],
) {
  const troubles: string[] = []
  const nodes = devicesOfNodes(
    ['gpu.example.com'],
    stored<ResourceSlice>(slices).map(sliceRead),
    stored<DeviceClass>(classes),
    stored<ResourceClaim>(claims).map(claimRead),
    (_, why) => void troubles.push(why),
  )
  const found = [...nodes].map(([node, ofNode]) => [node, ofNode.get('gpu.example.com')])
  return { nodes: Object.fromEntries(found), troubles }
}

describe('GPUs that are handed out by claims', () => {
  it('are those of the newest complete story of their driver, less those that claims have', () => {
    const { nodes } = counted(
      [
        aSlice({ name: 'old', devices: ['gone-0', 'gone-1', 'gone-2'] }),
        aSlice({ name: 'a', generation: 2, slices: 2 }),
        aSlice({ name: 'b', generation: 2, slices: 2, devices: ['gpu-2'] }),
        aSlice({ name: 'c', node: 'node-2', devices: ['gpu-0'] }),
      ],
      [aClaim(['gpu-1', 'gpu-2']), aClaim([], { name: 'waits' })],
    )

    expect(nodes).toEqual({ 'node-1': { total: 3, taken: 2 }, 'node-2': { total: 1, taken: 0 } })
  })

  it.each([
    ['a part of what their driver has is not announced yet', aSlice({ slices: 2 })],
    ['they stand on no node', aSlice({ node: null })],
    ['another driver has them', aSlice({ driver: 'other.example.com' })],
    [
      'they are tainted',
      aSlice({ devices: [{ name: 'gpu-0', taints: [{ effect: 'NoSchedule' }] }] }),
    ],
  ])('are none while %s', (_, slice) => {
    expect(counted([slice])).toEqual({ nodes: {}, troubles: [] })
  })

  it('are kept by nobody who only looks at them', () => {
    const { nodes } = counted([aSlice()], [aClaim(['gpu-0'], { adminAccess: true })])

    expect(nodes).toEqual({ 'node-1': { total: 2, taken: 0 } })
  })

  it.each<[string, string]>([
    ['an attribute', 'device.attributes["gpu.example.com"].model == "L4"'],
    ['a number', 'device.attributes["gpu.example.com"].slices >= 2'],
    ['an amount', 'device.capacity["gpu.example.com"].memory.compareTo(quantity("20Gi")) > 0'],
    ['an attribute that not all have', '"rdma.example.com" in device.attributes'],
  ])('are picked by %s as their class says', (_, expression) => {
    const l4: Device = {
      name: 'l4',
      attributes: {
        model: { string: 'L4' },
        slices: { int: 4 },
        'rdma.example.com/port': { bool: true },
      },
      capacity: { memory: { value: '24Gi' } },
    }
    const t4: Device = {
      name: 't4',
      attributes: { model: { string: 'T4' }, slices: { int: 1 } },
      capacity: { memory: { value: '16Gi' } },
    }

    const { nodes } = counted(
      [aSlice({ devices: [l4, t4, 'bare'] })],
      [],
      [aDeviceClass(['device.driver == "gpu.example.com"', expression])],
    )

    expect(nodes).toEqual({ 'node-1': { total: 1, taken: 0 } })
  })

  it.each<[string, readonly KubeManifest[], RegExp]>([
    ['there is no such class', [], /no such DeviceClass/],
    ['their class is no expression', [aDeviceClass(['device.driver == '])], /./],
    ['their class asks for what no device says', [aDeviceClass(['device.rank > 1'])], /rank/],
  ])('are none, and it is said why, where %s', (_, classes, why) => {
    const { nodes, troubles } = counted([aSlice()], [], classes)

    expect(nodes).toEqual({})
    expect(troubles[0]).toMatch(why)
  })
})
