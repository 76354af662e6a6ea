import type { TenantId } from '@leasehold/domain'
import { aTenant, someLimits } from '@leasehold/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { kinds } from '../client/kinds.ts'
import { tenantObjects } from './tenant-objects.ts'
import { aTenancy } from './testing/a-tenancy.ts'
import { someSettings } from './testing/some-settings.ts'

const { signal } = new AbortController()
const tenant = aTenant()
const namespace = 'lh-ten-acme'
const denyAll = { kind: kinds.networkPolicies, namespace, name: 'leasehold-default-deny' }

const open: ReturnType<typeof aTenancy>[] = []
afterEach(() => Promise.all(open.splice(0).map(({ driver }) => driver.close())))

function start(facts: Parameters<typeof aTenancy>[0] = {}) {
  const tenancy = aTenancy(facts)
  open.push(tenancy)
  return tenancy
}

describe('a hand in the cluster', () => {
  it('that deletes or edits anything finds it back as it was, and the repair is told', async () => {
    const { kube, driver, places } = start()
    await driver.ensureTenant(tenant, signal)
    const wanted = tenantObjects(tenant, someLimits(), someSettings()).slice(1)

    for (const { kind, manifest } of wanted) {
      const { name, namespace: place = '' } = manifest.metadata
      kube.vanish({ kind, namespace: place, name })
      const line = `recreated ${kind.kind} ${place}/${name}`
      await vi.waitFor(() => expect(places()).toContain(line))
    }
    kube.edit(denyAll, { spec: { policyTypes: ['Ingress'] } })
    await vi.waitFor(() =>
      expect(places()).toContain(`changed-back NetworkPolicy ${namespace}/leasehold-default-deny`),
    )
    expect(kube.peek(kinds.networkPolicies, namespace)).toContainEqual(
      expect.objectContaining({ spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] } }),
    )
  })

  it('that adds to a quota or a selector does not keep what it added', async () => {
    const { kube, driver, repairs } = start()
    await driver.ensureTenant(tenant, signal)

    kube.edit(
      { kind: kinds.resourceQuotas, namespace, name: 'leasehold' },
      { spec: { hard: { 'requests.example.com/x': '5' } } },
    )
    kube.edit(denyAll, { spec: { podSelector: { matchLabels: { none: 'at-all' } } } })

    await vi.waitFor(() => expect(repairs).toHaveLength(2))
    expect(repairs.flatMap(({ paths }) => paths).sort()).toEqual([
      'spec.hard.requests.example.com/x',
      'spec.podSelector.matchLabels',
    ])
    const quota = kube.peek(kinds.resourceQuotas, namespace)[0]
    expect(quota).not.toHaveProperty(['spec', 'hard', 'requests.example.com/x'])
  })

  it('that deletes the namespace finds all of it back', async () => {
    const { kube, driver, places } = start()
    await driver.ensureTenant(tenant, signal)

    kube.vanish({ kind: kinds.namespaces, name: namespace })

    await vi.waitFor(() => expect(places()).toContain(`recreated Namespace ${namespace}`))
    await vi.waitFor(() => expect(kube.peek(kinds.networkPolicies, namespace)).toHaveLength(6))
  })

  it('that edits the admission policies of the installation does not loosen them', async () => {
    const { kube, driver, repairs } = start()
    await driver.ensureTenant(tenant, signal)

    kube.edit(
      { kind: kinds.validatingAdmissionPolicyBindings, name: 'lh-machines-dev' },
      { spec: { validationActions: ['Audit'] } },
    )

    await vi.waitFor(() => expect(repairs).toHaveLength(1))
    expect(repairs).toMatchObject([{ tenantId: null, paths: ['spec.validationActions.0'] }])
  })

  it('is no concern when the tenant is no longer ours', async () => {
    const { kube, driver, tenants, repairs } = start()
    await driver.ensureTenant(tenant, signal)
    tenants.clear()

    kube.vanish(denyAll)
    await driver.ensureTenant(aTenant({ id: 'ten_other' as TenantId }), signal)

    expect(kube.peek(kinds.networkPolicies, namespace)).toHaveLength(5)
    expect(repairs).toEqual([])
  })

  it('changes nothing for good when the first repair fails', async () => {
    const { kube, driver, repairs } = start()
    await driver.ensureTenant(tenant, signal)
    let failures = 1
    kube.intercept(({ verb }) => {
      if (verb === 'apply' && failures-- > 0) throw new Error('a bad moment')
    })

    kube.vanish(denyAll)

    await vi.waitFor(() => expect(repairs).toHaveLength(1), { timeout: 5_000 })
  })
})
