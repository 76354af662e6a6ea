import { aTenant, someLimits } from '@leasehold/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { tenancyDriverContract } from '../../../testing/src/contracts/tenancy-driver-contract.ts'
import { kinds } from '../client/kinds.ts'
import { labelNames, namespaceOf } from '../object-names.ts'
import { TenantHasMachines } from './tenancy-errors.ts'
import { revisionAnnotation } from './tenant-labels.ts'
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

tenancyDriverContract('kubernetes, on a cluster in memory', async () => {
  const { kube, driver, tenants } = aTenancy()
  tenants.clear()
  return {
    driver,
    holdMachine: async (id, holds) => {
      const at = { namespace: namespaceOf('lh', id), name: 'lse-1' }
      if (holds) kube.put(kinds.virtualMachines, { metadata: at })
      else kube.vanish({ kind: kinds.virtualMachines, ...at })
    },
    close: () => driver.close(),
  }
})

describe('making sure of a tenant', () => {
  it('makes every object, and costs no request when all is as it must be', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    for (const { kind, manifest } of tenantObjects(tenant, someLimits(), someSettings()))
      expect(kube.peek(kind, manifest.metadata.namespace)).toContainEqual(
        expect.objectContaining({
          metadata: expect.objectContaining({ name: manifest.metadata.name }),
        }),
      )
    const before = kube.requests.length

    await driver.ensureTenant(tenant, signal)

    expect(kube.requests.slice(before)).toEqual([])
  })

  it('follows new limits and a new tier, which is no repair', async () => {
    const { kube, driver, limits, repairs } = start()
    await driver.ensureTenant(tenant, signal)

    limits.set(tenant.id, someLimits({ leases: 1 }))
    await driver.ensureTenant({ ...tenant, tier: 'production' }, signal)

    expect(kube.peek(kinds.resourceQuotas, namespace)).toMatchObject([
      { spec: { hard: { 'count/virtualmachines.kubevirt.io': '1' } } },
    ])
    expect(
      kube.peek(kinds.namespaces).find(({ metadata }) => metadata.name === namespace),
    ).toMatchObject({ metadata: { labels: { 'leasehold.dev/tier': 'production' } } })
    expect(repairs).toEqual([])
  })

  it('waits until the quota is enforced, and says so when it never is', async () => {
    const { kube, driver } = start({ quotaDeadlineMs: 50 })
    kube.interceptAfter(null)

    await expect(driver.ensureTenant(tenant, signal)).rejects.toThrow('is not enforced after 50 ms')
  })

  it("leaves a namespace alone that has the tenant's name and is not ours", async () => {
    const { kube, driver } = start()
    kube.put(kinds.namespaces, { metadata: { name: namespace } })

    await expect(driver.ensureTenant(tenant, signal)).rejects.toThrow("is not Leasehold's")

    expect(kube.peek(kinds.resourceQuotas, namespace)).toEqual([])
    expect(await driver.inspectTenant(tenant.id, signal)).toBe('absent')
    await expect(driver.removeTenant(tenant.id, signal)).rejects.toThrow("is not Leasehold's")
  })

  it('leaves what a newer release wrote as it is', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    kube.edit(denyAll, {
      metadata: { annotations: { [revisionAnnotation]: '99' } },
      spec: { policyTypes: ['Ingress'] },
    })

    await driver.ensureTenant(tenant, signal)

    expect(kube.peek(kinds.networkPolicies, namespace)).toContainEqual(
      expect.objectContaining({ spec: expect.objectContaining({ policyTypes: ['Ingress'] }) }),
    )
  })

  it('is not taken for done while the API server cannot be reached', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    kube.unavailable(true)

    expect(await driver.inspectTenant(tenant.id, signal)).toBe('unknown')
    await expect(driver.ensureTenant(tenant, signal)).rejects.toThrow('does not answer')
  })
})

describe('removing a tenant', () => {
  it('leaves nothing, the rights to golden disks included, and repairs nothing of it', async () => {
    const { kube, driver, repairs } = start()
    await driver.ensureTenant(tenant, signal)

    await driver.removeTenant(tenant.id, signal)
    await driver.close()

    expect(kube.peek(kinds.roleBindings)).toEqual([])
    expect(await driver.inspectTenant(tenant.id, signal)).toBe('absent')
    expect(repairs).toEqual([])
  })

  it('is refused while a stopped machine, or a task that has not ended, is there', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    kube.put(kinds.jobs, { metadata: { namespace, name: 'tsk-1-a1' } })

    await expect(driver.removeTenant(tenant.id, signal)).rejects.toBeInstanceOf(TenantHasMachines)

    const ended = { conditions: [{ type: 'Complete', status: 'True' }] }
    kube.edit({ kind: kinds.jobs, namespace, name: 'tsk-1-a1' }, { status: ended })
    await driver.removeTenant(tenant.id, signal)
  })

  it('goes by launchers and disks where the cluster does not know what machines are', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    kube.serve(kinds.virtualMachines, false)
    kube.serve(kinds.virtualMachineInstances, false)
    const labels = { [labelNames.lease]: 'lse_1' }
    const disk = { kind: kinds.persistentVolumeClaims, namespace, name: 'lse-1-system' }
    kube.put(disk.kind, { metadata: { namespace, name: disk.name, labels } })

    await expect(driver.removeTenant(tenant.id, signal)).rejects.toBeInstanceOf(TenantHasMachines)

    kube.vanish(disk)
    await driver.removeTenant(tenant.id, signal)
    expect(await driver.inspectTenant(tenant.id, signal)).toBe('absent')
  })

  it('says what holds a namespace that stays', async () => {
    const { kube, driver } = start()
    await driver.ensureTenant(tenant, signal)
    kube.put(kinds.configMaps, {
      metadata: { namespace, name: 'stuck', finalizers: ['example.com/never'] },
    })
    const removal = driver.removeTenant(tenant.id, signal)
    const going = () =>
      kube.requests.some(({ verb, kind }) => verb === 'delete' && kind === kinds.namespaces)
    await vi.waitFor(() => expect(going()).toBe(true))
    const why = {
      type: 'NamespaceFinalizersRemaining',
      status: 'True',
      message: 'example.com/never',
    }
    kube.edit({ kind: kinds.namespaces, name: namespace }, { status: { conditions: [why] } })

    await expect(removal).rejects.toThrow('NamespaceFinalizersRemaining: example.com/never')
    expect(await driver.inspectTenant(tenant.id, signal)).toBe('unknown')
    await expect(driver.ensureTenant(tenant, signal)).rejects.toThrow('is being removed')
  })
})
