import type { Tenant, Tier } from '@leasehold/domain'
import { describeOnCluster } from '@leasehold/testing/cluster'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeManifest } from '../client/kube-object.ts'
import { admitted, domain, refused, template } from './testing/machine-cases.ts'
import { type OtherCase, otherCases } from './testing/other-cases.ts'
import { changed, someMachine } from './testing/some-machine.ts'
import { openTenancyOnCluster, type TenancyOnCluster } from './testing/tenancy-on-cluster.ts'

const { signal } = new AbortController()
describeOnCluster('the API server, in a tenant’s namespace', (cluster) => {
  let place: TenancyOnCluster
  const tenants = new Map<Tier, Tenant>()
  beforeAll(async () => {
    const own = {
      production: {},
      test: {},
      dev: { migration: { parallel: 0, vcpu: 0, memoryMiB: 0 } },
    }
    place = await openTenancyOnCluster(cluster, { tiers: own })
    for (const tier of ['production', 'test', 'dev'] as const)
      tenants.set(tier, await place.newTenant({ tier }))
    // A policy that was just made takes a moment to be looked at, and each is looked at on its own.
    const hasToken = { name: 'scratch', serviceAccount: { serviceAccountName: 'default' } }
    for (const tier of tenants.keys())
      await vi.waitFor(
        () =>
          expect(create(tier, { [`${template}.volumes.0`]: hasToken })).rejects.toThrow('tokens'),
        { timeout: 90_000, interval: 200 },
      )
    await vi.waitFor(() => Promise.all(otherCases.map(isRefused)), {
      timeout: 90_000,
      interval: 200,
    })
  })
  afterAll(() => place?.close())

  const namespaceOf = (tier: Tier) =>
    place.namespaceOf(tenants.get(tier) ?? { id: 'none' as never })
  const create = (tier: Tier, changes: object) => {
    const machine = changed(someMachine(namespaceOf(tier), 'm'), changes as Record<string, unknown>)
    return place.client.create(kinds.virtualMachines, machine, signal, { dryRun: true })
  }
  const createOther = (kind: KindInfo, body: object, name = 'x') => {
    const metadata = { namespace: namespaceOf('dev'), name }
    const manifest = { metadata, ...body } as KubeManifest
    return place.client.create(kind, manifest, signal, { dryRun: true })
  }

  const isRefused = ({ kind, body, says }: OtherCase) =>
    expect(createOther(kind, body)).rejects.toThrow(says)

  describe('takes', () => {
    it.each(admitted)('$what, in $tier', async ({ tier, changes }) => {
      await expect(create(tier, changes)).resolves.toMatchObject({ metadata: { name: 'm' } })
    })
  })

  describe('refuses', () => {
    it.each(refused)('$what, in $tier', async ({ tier, changes, says }) => {
      await expect(create(tier, changes)).rejects.toThrow(says)
    })

    it.each(otherCases)('$what', (other) => isRefused(other))
  })

  it.each(otherCases.filter(({ taken }) => taken !== undefined))(
    'takes what is like $what, without the fault',
    async ({ kind, taken }) => {
      await expect(createOther(kind, taken ?? {})).resolves.toBeTruthy()
    },
  )

  it('lets a machine go that stricter rules overtook: it can be stopped and deleted', async () => {
    const namespace = namespaceOf('dev')
    const machine = changed(someMachine(namespace, 'old'), {
      [`${domain}.resources.requests`]: { cpu: '1334m', memory: '683Mi' },
    })
    const ref = { kind: kinds.virtualMachines, namespace, name: 'old' }
    await place.client.create(ref.kind, machine, signal)
    const tier = 'production'
    await place.driver.ensureTenant({ ...(tenants.get('dev') as Tenant), tier }, signal)

    const less = patchOf({ resources: { requests: { cpu: '1400m' } } })
    await vi.waitFor(
      () =>
        expect(place.client.mergePatch(ref, less, signal, { dryRun: true })).rejects.toThrow(
          'CPU overcommit',
        ),
      { timeout: 90_000, interval: 100 },
    )
    await place.client.mergePatch(ref, { metadata: { labels: { x: 'y' } } }, signal)
    expect(await place.client.delete(ref, signal)).toBe('deleted')
    await place.driver.ensureTenant(tenants.get('dev') as Tenant, signal)
  })

  it('lets a machine grow as KubeVirt does it, and judges the instance that comes of it', async () => {
    const namespace = namespaceOf('production')
    const machine = someMachine(namespace, 'grows')
    const ref = { kind: kinds.virtualMachines, namespace, name: 'grows' }
    await place.client.create(ref.kind, machine, signal)
    const instance = machine as unknown as { spec: { template: { spec: object } } }
    const bigger = changed(
      { metadata: machine.metadata, spec: instance.spec.template.spec },
      { 'spec.domain.memory.guest': '2Gi' },
    )

    await place.client.mergePatch(ref, patchOf({ memory: { guest: '2Gi' } }), signal)
    await expect(
      place.client.create(kinds.virtualMachineInstances, bigger, signal, { dryRun: true }),
    ).rejects.toThrow('memory overcommit: a guest of 2048 MiB on 1024 reserved MiB')
    await place.client.delete(ref, signal)
  })
})

function patchOf(domain: object): object {
  return { spec: { template: { spec: { domain } } } }
}
