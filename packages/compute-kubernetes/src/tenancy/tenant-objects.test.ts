import {
  type Amounts,
  defaultLimits,
  type GpuTypeName,
  type TenantId,
  tiers,
} from '@leasehold/domain'
import { aTenant } from '@leasehold/testing'
import { describe, expect, it } from 'vitest'
import { apiVersionOf } from '../client/kinds.ts'
import { installationObjects, tenantObjects, type WantedObject } from './tenant-objects.ts'
import { someSettings } from './testing/some-settings.ts'

const gpuTypes = ['a100-40gb', 't4-4q'] as GpuTypeName[]

/** What `kubectl apply -f` would read: a golden file is also the thing to look at. */
function asFile(objects: readonly WantedObject[]): string {
  const items = objects.map(({ kind, manifest }) => ({
    apiVersion: apiVersionOf(kind),
    kind: kind.kind,
    ...manifest,
  }))
  return `${JSON.stringify({ apiVersion: 'v1', kind: 'List', items }, null, 2)}\n`
}

function find(objects: readonly WantedObject[], kind: string, name: string) {
  const found = objects.find(
    (object) => object.kind.kind === kind && object.manifest.metadata.name === name,
  )
  return found?.manifest as unknown as {
    metadata: Record<string, unknown>
    spec: Record<string, unknown>
  }
}

describe("a tenant's objects", () => {
  it.each(tiers)('of the tier %s are those of the golden file', async (tier) => {
    const objects = tenantObjects(
      aTenant({ tier }),
      defaultLimits(tier, gpuTypes),
      someSettings({ kueueClusterQueue: 'tasks', kataRuntimeClass: 'kata-qemu' }),
    )

    await expect(asFile(objects)).toMatchFileSnapshot(`golden/tenant-${tier}.json`)
  })

  it('of the installation are those of the golden file', async () => {
    await expect(asFile(installationObjects(someSettings()))).toMatchFileSnapshot(
      'golden/installation.json',
    )
  })

  it('begin with the namespace, and all name their tenant and who keeps them', () => {
    const objects = tenantObjects(aTenant(), {}, someSettings())

    expect(objects[0]?.kind.kind).toBe('Namespace')
    for (const { manifest } of objects)
      expect(manifest.metadata.labels).toMatchObject({
        'app.kubernetes.io/managed-by': 'leasehold',
        'leasehold.dev/tenant': 'ten_acme',
        'leasehold.dev/installation': 'lh',
      })
  })

  it('open another storage class for a tenant that has its own, and close it for the others', () => {
    const quotaOf = (id: string) => {
      const limits: Amounts = { 'disk-gib': 94, leases: 1, vcpu: 1 }
      const objects = tenantObjects(aTenant({ id: id as TenantId }), limits, someSettings())
      return find(objects, 'ResourceQuota', 'leasehold').spec.hard as Record<string, string>
    }

    expect(quotaOf('ten_vault')).toMatchObject({
      'vault.storageclass.storage.k8s.io/requests.storage': '200Gi',
      'standard.storageclass.storage.k8s.io/requests.storage': '0',
      'fast.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
    })
    expect(quotaOf('ten_acme')).toMatchObject({
      'vault.storageclass.storage.k8s.io/persistentvolumeclaims': '0',
      'standard.storageclass.storage.k8s.io/requests.storage': '200Gi',
      'fast.storageclass.storage.k8s.io/requests.storage': '200Gi',
    })
  })

  it('have no way to the internet where the operator says so', () => {
    const settings = someSettings({ tiers: { dev: { internet: 'none' } } })

    const objects = tenantObjects(aTenant(), {}, settings)

    expect(find(objects, 'NetworkPolicy', 'leasehold-to-internet')).toBeUndefined()
  })

  it('let a gateway outside the cluster in, beside the one inside', () => {
    const objects = tenantObjects(aTenant(), {}, someSettings({ gatewayRanges: ['10.8.0.1/32'] }))

    const policy = find(objects, 'NetworkPolicy', 'leasehold-from-gateway')
    expect(policy.spec.ingress).toMatchObject([
      {
        from: [
          { podSelector: { matchLabels: { 'app.kubernetes.io/component': 'gateway' } } },
          { ipBlock: { cidr: '10.8.0.1/32' } },
        ],
        ports: [{ port: 22 }, { port: 8888 }],
      },
    ])
  })
})
