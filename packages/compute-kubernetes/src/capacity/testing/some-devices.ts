import type { KubeManifest } from '../../client/kube-object.ts'
import type { Device } from '../device-objects.ts'

type SliceFacts = {
  readonly name?: string
  readonly node?: string | null
  readonly driver?: string
  readonly generation?: number
  readonly slices?: number
  readonly devices?: readonly (Device | string)[]
}

/** Devices of `node-1` as their driver announces them; a text is the name of one without further facts. */
export function aSlice(facts: SliceFacts = {}): KubeManifest {
  const { name = 'slice-1', node = 'node-1', driver = 'gpu.example.com' } = facts
  const { generation = 1, slices = 1, devices = ['gpu-0', 'gpu-1'] } = facts
  return {
    metadata: { name },
    spec: {
      driver,
      ...(node === null ? { allNodes: true } : { nodeName: node }),
      pool: { name: node ?? 'network', generation, resourceSliceCount: slices },
      devices: devices.map((one) => (typeof one === 'string' ? { name: one } : one)),
    },
  }
}

export function aDeviceClass(
  expressions: readonly string[] = ['device.driver == "gpu.example.com"'],
  name = 'gpu.example.com',
): KubeManifest {
  return {
    metadata: { name },
    spec: { selectors: expressions.map((expression) => ({ cel: { expression } })) },
  }
}

/** A claim that has these devices of `node-1`; of none it still waits. */
export function aClaim(
  devices: readonly string[],
  { name = 'claim-1', adminAccess = false } = {},
): KubeManifest {
  const of = { driver: 'gpu.example.com', pool: 'node-1', request: 'gpu', adminAccess }
  const results = devices.map((device) => ({ ...of, device }))
  return {
    metadata: { name, namespace: 'default' },
    status: results.length === 0 ? {} : { allocation: { devices: { results } } },
  }
}
