import { randomUUID } from 'node:crypto'
import type { GpuTypeName } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { openKubeClient } from '../client/open-kube-client.ts'
import { someSettings } from '../tenancy/testing/some-settings.ts'
import { type ClusterCapacity, openClusterCapacity } from './open-cluster-capacity.ts'

const { signal } = new AbortController()
const log = { info: () => {}, warn: () => {}, error: () => {} }
const patience = { timeout: 120_000, interval: 100 }
/** A name of this run's own: of the driver, its class, its slice and a namespace. */
const own = `gpu-${randomUUID().slice(0, 8)}.example.com`
const namespace = own.replaceAll('.', '-')

describeOnCluster('GPUs that a cluster hands out by claims', (cluster) => {
  let client: KubeClient
  let capacity: ClusterCapacity
  let nodeName: string
  const made: ObjectRef[] = []
  const metadata = { name: own, labels: { [cluster.runLabel.name]: cluster.runLabel.value } }

  beforeAll(async () => {
    client = await openKubeClient({
      settings: { file: cluster.kubeconfig },
      log,
      requestsPerSecond: 100,
    })
    const { items } = await client.list<KubeObject>(kinds.nodes, {}, signal)
    nodeName = items[0]?.metadata.name ?? ''
    const l4 = 'l4' as GpuTypeName
    const gpus = { [l4]: { by: 'dra', deviceClassName: own } } as const
    capacity = openClusterCapacity({ client, log, settings: someSettings({ gpus }) })
    await capacity.synced(AbortSignal.timeout(30_000))
  }, 60_000)
  afterAll(async () => {
    capacity?.close()
    for (const ref of made) await client.delete(ref, signal)
    await client?.close()
  })

  const create = async (kind: ObjectRef['kind'], manifest: Parameters<KubeClient['create']>[1]) => {
    const { name, namespace } = manifest.metadata
    await client.create(kind, manifest, signal)
    made.unshift({ kind, name, ...(namespace === undefined ? {} : { namespace }) })
  }
  const free = () => {
    const room = capacity.read().nodes?.find(({ name }) => name === nodeName)
    return { total: room?.total['gpu/l4'], free: room?.free['gpu/l4'] }
  }

  it('are there when their driver and the operator have told of them, and taken by who has a claim', async () => {
    const selectors = [
      { cel: { expression: `device.driver == "${own}"` } },
      { cel: { expression: `device.attributes["${own}"].model == "L4"` } },
    ]
    const device = (name: string, model: string) => ({
      name,
      attributes: { model: { string: model } },
    })
    await create(kinds.deviceClasses, { metadata, spec: { selectors } })
    await create(kinds.resourceSlices, {
      metadata,
      spec: {
        driver: own,
        nodeName,
        pool: { name: nodeName, generation: 1, resourceSliceCount: 1 },
        devices: [device('gpu-0', 'L4'), device('gpu-1', 'L4'), device('gpu-2', 'T4')],
      },
    })
    await expect.poll(free, patience).toEqual({ total: 2, free: 2 })

    await create(kinds.namespaces, { metadata: { ...metadata, name: namespace } })
    const exactly = { deviceClassName: own, allocationMode: 'ExactCount', count: 1 }
    const claim = { kind: kinds.resourceClaims, namespace, name: 'claim' }
    await create(kinds.resourceClaims, {
      metadata: { namespace, name: 'claim' },
      spec: { devices: { requests: [{ name: 'gpu', exactly }] } },
    })
    // As the scheduler writes it.
    const results = [{ request: 'gpu', driver: own, pool: nodeName, device: 'gpu-1' }]
    const status = { allocation: { devices: { results } } }
    await client.mergePatch(claim, { status }, signal, { subresource: 'status' })
    await expect.poll(free, patience).toEqual({ total: 2, free: 1 })

    await client.delete(claim, signal)
    await expect.poll(free, patience).toEqual({ total: 2, free: 2 })
  })
})
