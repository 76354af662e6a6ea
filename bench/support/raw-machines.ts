import { setTimeout as delay } from 'node:timers/promises'
import type { MachineOrder } from '@leasehold/application'
import type { LeaseId, PoolName } from '@leasehold/domain'
import { kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { KubeObject } from '../../packages/compute-kubernetes/src/client/kube-object.ts'
import { seedManifest } from '../../packages/compute-kubernetes/src/machines/seed-manifest.ts'
import { anOrder } from '../../packages/compute-kubernetes/src/machines/testing/an-order.ts'
import { virtualMachineManifest } from '../../packages/compute-kubernetes/src/machines/virtual-machine-manifest.ts'
import { inTurns, type KubernetesPlatform } from './kubernetes-platform.ts'

type Instance = KubeObject & { readonly status?: { readonly phase?: string } }

/**
 * What anyone with a loop would do: creates the objects that the driver creates for so many leases, and nothing
 * else, and waits until all of the machines run. Answers how long that took; then removes them.
 */
export async function createRawMachines(
  { place, tenantId, namespace, settings: ofPlatform }: KubernetesPlatform,
  count: number,
  limitMs: number,
): Promise<number> {
  const { client } = place
  // Of another pool: the worker removes machines of its own pool that have no lease.
  const settings = { ...ofPlatform, name: 'raw' as PoolName }
  const ended = new AbortController()
  const signal = AbortSignal.any([ended.signal, AbortSignal.timeout(limitMs * 2)])
  const running = new Set<string>()
  const instances = client.watchCache<Instance>(
    kinds.virtualMachineInstances,
    { namespace },
    ({ type, object }) => {
      const isRunning = type === 'changed' && object.status?.phase === 'Running'
      running[isRunning ? 'add' : 'delete'](object.metadata.name)
    },
    signal,
  )
  await instances.synced(signal)
  const orders = Array.from({ length: count }, (_, index) => orderOf(index, tenantId))
  const startedAt = performance.now()
  await inTurns(orders, async (order) => {
    const manifest = virtualMachineManifest(order, settings)
    const { metadata } = await client.create<KubeObject>(kinds.virtualMachines, manifest, signal)
    const machine = { name: metadata.name, uid: metadata.uid }
    await client.create(kinds.secrets, seedManifest(order, machine, settings), signal)
  })
  await until(
    () => running.size >= count,
    limitMs,
    () => `${running.size} of ${count} run`,
  )
  const tookMs = performance.now() - startedAt
  await inTurns(orders, async (order) => {
    const { name } = virtualMachineManifest(order, settings).metadata
    await client.delete({ kind: kinds.virtualMachines, namespace, name }, signal)
  })
  await until(
    () => instances.list().length === 0,
    limitMs,
    () => 'machines that do not go',
  )
  ended.abort()
  return tookMs
}

function orderOf(index: number, tenantId: MachineOrder['tenantId']): MachineOrder {
  return anOrder({ leaseId: `lse_raw${index}` as LeaseId, tenantId })
}

async function until(isDone: () => boolean, limitMs: number, words: () => string): Promise<void> {
  const end = performance.now() + limitMs
  while (!isDone()) {
    if (performance.now() > end) throw new Error(`${words()} after ${limitMs} ms`)
    await delay(100)
  }
}
