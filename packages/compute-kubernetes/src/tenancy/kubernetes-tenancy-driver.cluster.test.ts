import type { TenantId } from '@leasehold/domain'
import { aTenant, someLimits } from '@leasehold/testing'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { tenancyDriverContract } from '../../../testing/src/contracts/tenancy-driver-contract.ts'
import { kinds } from '../client/kinds.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames, namespaceOf } from '../object-names.ts'
import { differences } from './object-difference.ts'
import { refOf } from './object-keeper.ts'
import { placeOf } from './tenant-keeper.ts'
import { tenantObjects } from './tenant-objects.ts'
import { someMachine } from './testing/some-machine.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
const repairedWithinMs = 10_000

describeOnCluster('on a cluster', (cluster) => {
  tenancyDriverContract('kubernetes', async () => {
    const place = await openTenancyOnCluster(cluster)
    const machineOf = (id: TenantId) => ({
      kind: kinds.virtualMachines,
      namespace: namespaceOf(place.settings.prefix, id),
      name: 'held',
    })
    return {
      driver: place.driver,
      async holdMachine(id, holds) {
        const ref = machineOf(id)
        if (holds) await place.client.create(ref.kind, someMachine(ref.namespace, ref.name), signal)
        else await place.client.delete(ref, signal)
        const gone = async () => expect(await place.client.get(ref, signal)).toBeNull()
        if (!holds) await vi.waitFor(gone, { timeout: 120_000, interval: 100 })
      },
      close: place.close,
    }
  })
})

describeOnCluster('what a tenant has on a cluster', (cluster) => {
  let place: TenancyOnCluster
  beforeAll(async () => {
    place = await openTenancyOnCluster(cluster)
  })
  afterAll(() => place?.close())

  const objectsOf = (tenant: Parameters<typeof tenantObjects>[0]) =>
    tenantObjects(tenant, someLimits(), place.settings)

  it('is kept by the API server as it was written, so that a second look costs nothing', async () => {
    const tenant = await place.newTenant({ tier: 'production' })

    for (const wanted of objectsOf(tenant)) {
      const live = await place.client.get<KubeObject>(refOf(wanted), signal)
      expect(live === null ? 'absent' : differences(wanted.manifest, live)).toEqual([])
    }
    const before = requestsSoFar(place)
    await place.driver.ensureTenant(tenant, signal)
    // The run's label, which the test writes.
    expect(requestsSoFar(place) - before).toBe(1)
  })

  it('is back within ten seconds when somebody deletes it, and the repair is told', async () => {
    const tenant = await place.newTenant()

    for (const wanted of objectsOf(tenant).slice(1)) {
      const ref = refOf(wanted)
      const old = await place.client.get(ref, signal)
      await place.stranger.delete(ref, signal)
      await vi.waitFor(
        async () => {
          const live = await place.client.get(ref, signal)
          expect(live?.metadata.uid ?? old?.metadata.uid).not.toBe(old?.metadata.uid)
          expect(live === null ? 'absent' : differences(wanted.manifest, live)).toEqual([])
          expect(repairsOf(tenant.id)).toContain(placeOf(ref))
        },
        { timeout: repairedWithinMs, interval: 50 },
      )
    }
  })

  it('is as it was within ten seconds when somebody edits it, and the repair is told', async () => {
    const tenant = await place.newTenant()
    place.repairs.length = 0

    for (const wanted of objectsOf(tenant)) {
      const ref = refOf(wanted)
      await place.stranger.mergePatch(ref, editOf(ref.kind.kind), signal)
      await vi.waitFor(
        async () => {
          const live = await place.client.get<KubeObject>(ref, signal)
          expect(live === null ? 'absent' : differences(wanted.manifest, live)).toEqual([])
          expect(repairsOf(tenant.id)).toContain(placeOf(ref))
        },
        { timeout: repairedWithinMs, interval: 50 },
      )
    }
  })

  it('is made anew when somebody deletes the whole namespace', async () => {
    const tenant = await place.newTenant()
    const ref = { kind: kinds.namespaces, name: place.namespaceOf(tenant) }
    const old = await place.client.get(ref, signal)

    await place.stranger.delete(ref, signal)

    await vi.waitFor(
      async () => {
        expect((await place.client.get(ref, signal))?.metadata.uid).not.toBe(old?.metadata.uid)
        for (const wanted of objectsOf(tenant))
          expect(await place.client.get(refOf(wanted), signal)).not.toBeNull()
      },
      { timeout: 180_000, interval: 200 },
    )
  })

  it('follows a new tier and new limits, which two processes at once do not fight about', async () => {
    const tenant = await place.newTenant()
    const other = place.openDriver()
    await other.ensureTenant(tenant, signal)
    place.repairs.length = 0

    const next = { ...tenant, tier: 'production' as const }
    place.limits.set(tenant.id, someLimits({ vcpu: 3 }))
    await Promise.all([other.ensureTenant(next, signal), place.driver.ensureTenant(next, signal)])

    const wanted = tenantObjects(next, someLimits({ vcpu: 3 }), place.settings)
    for (const one of wanted) {
      const live = await place.client.get<KubeObject>(refOf(one), signal)
      expect(live === null ? 'absent' : differences(one.manifest, live)).toEqual([])
    }
    await other.close()
    expect(repairsOf(tenant.id)).toEqual([])
  })

  it('is gone, all of it, when the tenant was removed', async () => {
    const tenant = await place.newTenant()

    await place.driver.removeTenant(tenant.id, signal)

    const selection = { labelSelector: `${labelNames.tenant}=${tenant.id}` }
    for (const kind of new Set(objectsOf(tenant).map((one) => one.kind))) {
      const { items } = await place.client.list(kind, selection, signal)
      const here = items.filter(({ metadata }) =>
        `${metadata.namespace ?? ''}${metadata.name}`.includes(place.namespaceOf(tenant)),
      )
      expect(here).toEqual([])
    }
  })

  it('stays, and says what holds it, when a finalizer holds something in it', async () => {
    const tenant = await place.newTenant()
    const namespace = place.namespaceOf(tenant)
    const stuck = { kind: kinds.configMaps, namespace, name: 'stuck' }
    await place.client.create(
      stuck.kind,
      { metadata: { namespace, name: 'stuck', finalizers: ['test.leasehold.dev/never'] } },
      signal,
    )
    const hasty = place.openDriver({ removalDeadlineMs: 8_000 })

    await expect(hasty.removeTenant(tenant.id, signal)).rejects.toThrow('test.leasehold.dev/never')

    expect(await place.driver.inspectTenant(tenant.id, signal)).toBe('unknown')
    await expect(place.driver.ensureTenant(tenant, signal)).rejects.toThrow('being removed')
    await place.client.mergePatch(stuck, { metadata: { finalizers: null } }, signal)
    await place.driver.removeTenant(tenant.id, signal)
    await hasty.close()
    expect(await place.driver.inspectTenant(tenant.id, signal)).toBe('absent')
  })

  it('is not touched in a namespace of the same name that is not ours', async () => {
    const tenant = aTenant({ id: 'ten_foreign' as TenantId })
    const name = place.namespaceOf(tenant)
    const labels = { [cluster.runLabel.name]: cluster.runLabel.value }
    await place.client.create(kinds.namespaces, { metadata: { name, labels } }, signal)

    await expect(place.driver.ensureTenant(tenant, signal)).rejects.toThrow("not Leasehold's")

    expect(
      (await place.client.list(kinds.networkPolicies, { namespace: name }, signal)).items,
    ).toEqual([])
    await place.client.delete({ kind: kinds.namespaces, name }, signal)
  })

  const repairsOf = (id: TenantId) =>
    place.repairs.filter(({ tenantId }) => tenantId === id).map(({ object }) => placeOf(object))
})

/** An edit that loosens an object, as a person in a hurry would make it. */
function editOf(kind: string): object {
  const edits: Readonly<Record<string, object>> = {
    Namespace: { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'privileged' } } },
    ResourceQuota: { spec: { hard: { 'requests.cpu': '9999' } } },
    LimitRange: { spec: { limits: [] } },
    NetworkPolicy: { spec: { podSelector: { matchLabels: { nobody: 'has-this' } } } },
    ServiceAccount: { automountServiceAccountToken: true },
    RoleBinding: { subjects: [] },
  }
  return edits[kind] ?? {}
}

function requestsSoFar({ client }: TenancyOnCluster): number {
  return client.metrics().requests.reduce((sum, { count }) => sum + count, 0)
}
