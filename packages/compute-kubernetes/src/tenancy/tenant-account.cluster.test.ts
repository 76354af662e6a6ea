import { describeOnCluster } from '@leasehold/testing/cluster'
import { expect, it } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { isKubeError } from '../client/kube-error.ts'
import { openKubeClient } from '../client/open-kube-client.ts'
import { openLimitedAccount } from '../permissions/testing/limited-account.ts'
import { openTenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const silent = { info: () => {}, warn: () => {}, error: () => {} }

describeOnCluster('the account that a tenant’s pods run as', (cluster) => {
  it('can do nothing in another tenant’s namespace, and nothing in its own', async () => {
    const place = await openTenancyOnCluster(cluster)
    const [a, b] = [await place.newTenant(), await place.newTenant()]
    const own = { namespace: place.namespaceOf(a), name: 'default' }
    const account = await openLimitedAccount(place.client, cluster.kubeconfig, own, signal)
    const client = await openKubeClient({ settings: { file: account.kubeconfig }, log: silent })
    const reach = [
      kinds.pods,
      kinds.secrets,
      kinds.configMaps,
      kinds.virtualMachines,
      kinds.jobs,
      kinds.networkPolicies,
      kinds.resourceQuotas,
      kinds.persistentVolumeClaims,
    ]
    const isForbidden = (error: unknown) => isKubeError(error, 'Forbidden')

    for (const namespace of [place.namespaceOf(b), own.namespace, 'kube-system'])
      for (const kind of reach) {
        const manifest = { metadata: { namespace, name: 'x' } }
        const ref = { kind, namespace, name: 'x' }
        await expect(client.list(kind, { namespace }, signal)).rejects.toSatisfy(isForbidden)
        await expect(client.get(ref, signal)).rejects.toSatisfy(isForbidden)
        await expect(client.create(kind, manifest, signal)).rejects.toSatisfy(isForbidden)
        await expect(client.delete(ref, signal)).rejects.toSatisfy(isForbidden)
      }
    await expect(client.list(kinds.namespaces, {}, signal)).rejects.toSatisfy(isForbidden)
    await expect(client.list(kinds.nodes, {}, signal)).rejects.toSatisfy(isForbidden)

    await client.close()
    await account.close()
    await place.close()
  })
})
