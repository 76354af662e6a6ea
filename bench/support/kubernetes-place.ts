import { setTimeout as delay } from 'node:timers/promises'
import type { TenantId } from '@leasehold/domain'
import { kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { KubeClient } from '../../packages/compute-kubernetes/src/client/kube-client.ts'
import type { SimulatedPlace } from '../../packages/compute-kubernetes/src/machines/testing/simulated-place.ts'
import { namespaceOf } from '../../packages/compute-kubernetes/src/object-names.ts'

const emptyMs = 5 * 60_000

/**
 * Removes the place with its namespaces, which a run of tests would leave to its end. The machines go first: without
 * nodes they would be started anew again and again.
 */
export async function removePlace(
  place: SimulatedPlace,
  more: { readonly tenantId?: TenantId; readonly nodes?: { stop(): Promise<void> } } = {},
): Promise<void> {
  const { client, settings } = place
  const { prefix, systemNamespace } = settings
  const signal = AbortSignal.timeout(emptyMs)
  const tenants = more.tenantId === undefined ? [] : [namespaceOf(prefix, more.tenantId)]
  const withMachines = [...tenants, place.namespace]
  for (const name of [...withMachines, `${prefix}-images`, systemNamespace])
    await client.delete({ kind: kinds.namespaces, name }, signal)
  for (const namespace of withMachines) await untilEmpty(client, namespace, signal)
  await more.nodes?.stop()
  await place.close()
}

async function untilEmpty(client: KubeClient, namespace: string, signal: AbortSignal) {
  for (;;) {
    const { items } = await client.list(kinds.virtualMachineInstances, { namespace }, signal)
    if (items.length === 0) return
    await delay(1_000, undefined, { signal })
  }
}

/** A cluster of simulated nodes as the tests' helpers want to know it. */
export function clusterAccess(kubeconfig: string) {
  return {
    kubeconfig,
    level: 'simulated',
    runLabel: { name: 'leasehold.dev/test-run', value: `bench-${process.pid}` },
    hostAddress: null,
    podCidr: null,
    serviceCidr: null,
    taskImage: null,
    folder: null,
    cacheFolder: '',
  } as const
}
