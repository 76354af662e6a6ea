import type { Amounts, Tenant, TenantId } from '@leasehold/domain'
import { aTenant, someLimits } from '@leasehold/testing'
import { kinds } from '../../client/kinds.ts'
import type { KubeObject } from '../../client/kube-object.ts'
import { fakeKube } from '../../client/testing/fake-kube.ts'
import {
  type KubernetesTenancyOptions,
  openKubernetesTenancyDriver,
} from '../kubernetes-tenancy-driver.ts'
import { placeOf, type Repair } from '../tenant-keeper.ts'
import { someSettings } from './some-settings.ts'

type QuotaObject = KubeObject & { readonly spec: object; readonly status?: object }

/** A tenancy driver on a cluster in memory whose quota controller answers at once. */
export function aTenancy(facts: Partial<KubernetesTenancyOptions> = {}) {
  const kube = fakeKube({ namespaces: ['leasehold-images', 'leasehold-system'] })
  const tenants = new Map<TenantId, Tenant>([['ten_acme' as TenantId, aTenant()]])
  const limits = new Map<TenantId, Amounts>()
  const repairs: Repair[] = []
  kube.interceptAfter(({ verb, kind, namespace, name }) => {
    if (kind !== kinds.resourceQuotas || !['apply', 'patch'].includes(verb)) return
    const quota = kube
      .peek<QuotaObject>(kind, namespace ?? '')
      .find(({ metadata }) => metadata.name === name)
    if (quota !== undefined)
      kube.edit({ kind, namespace: namespace ?? '', name }, { status: quota.spec })
  })
  const driver = openKubernetesTenancyDriver({
    client: kube,
    settings: someSettings(),
    tenantOf: async (id) => tenants.get(id) ?? null,
    limitsOf: async (id) => limits.get(id) ?? someLimits(),
    onRepair: (repair) => void repairs.push(repair),
    log: { info: () => {}, warn: () => {}, error: () => {} },
    settleMs: 1,
    removalDeadlineMs: 150,
    ...facts,
  })
  const places = () => repairs.map(({ object, what }) => `${what} ${placeOf(object)}`)
  return { kube, driver, tenants, limits, repairs, places }
}
