import type { TenantId } from '@leasehold/domain'
import { kinds } from '../../packages/compute-kubernetes/src/client/kinds.ts'
import type { SimulatedPlace } from '../../packages/compute-kubernetes/src/machines/testing/simulated-place.ts'
import { namespaceOf } from '../../packages/compute-kubernetes/src/object-names.ts'

/** Also the namespaces, which a run of tests would leave to its end. */
export async function removePlace(place: SimulatedPlace, tenantId?: TenantId): Promise<void> {
  const { prefix } = place.settings
  const signal = AbortSignal.timeout(60_000)
  const more = tenantId === undefined ? [] : [namespaceOf(prefix, tenantId)]
  const namespaces = [place.namespace, `${prefix}-images`, place.settings.systemNamespace]
  for (const name of [...more, ...namespaces])
    await place.client.delete({ kind: kinds.namespaces, name }, signal)
  await place.close()
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
