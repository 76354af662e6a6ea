import { randomBytes } from 'node:crypto'
import type { Amounts, ImageName, Tenant, TenantId } from '@leasehold/domain'
import { aTenant, someLimits } from '@leasehold/testing'
import type { ClusterAccess } from '@leasehold/testing/cluster'
import { kinds } from '../../client/kinds.ts'
import type { KubeClient } from '../../client/kube-client.ts'
import { openKubeClient } from '../../client/open-kube-client.ts'
import { namespaceOf } from '../../object-names.ts'
import type { KubernetesPoolSettings } from '../../pool-settings.ts'
import {
  type KubernetesTenancyOptions,
  openKubernetesTenancyDriver,
} from '../kubernetes-tenancy-driver.ts'
import type { Repair } from '../tenant-keeper.ts'
import { installationLabel } from '../tenant-labels.ts'
import { someSettings } from './some-settings.ts'

const silent = { info: () => {}, warn: () => {}, error: () => {} }

export type TenancyOnCluster = Awaited<ReturnType<typeof openTenancyOnCluster>>

/**
 * An installation of its own on the cluster, under a prefix that nobody else has. Its namespaces and policies carry the
 * run's label, and `close` removes them.
 */
export async function openTenancyOnCluster(
  cluster: ClusterAccess,
  facts: Partial<KubernetesPoolSettings> = {},
) {
  const { signal } = new AbortController()
  const prefix = `t${randomBytes(3).toString('hex')}`
  const labels = { [cluster.runLabel.name]: cluster.runLabel.value }
  const open = () =>
    openKubeClient({
      settings: { file: cluster.kubeconfig },
      log: silent,
      requestsPerSecond: 500,
    })
  const client = await open()
  const stranger = await open()
  const settings = someSettings({
    prefix,
    systemNamespace: `${prefix}-system`,
    images: {
      ['debian-12' as ImageName]: {
        dataSource: { namespace: `${prefix}-images`, name: 'debian-12' },
      },
    },
    ...facts,
  })
  for (const name of [`${prefix}-system`, `${prefix}-images`])
    await client.create(kinds.namespaces, { metadata: { name, labels } }, signal)

  const tenants = new Map<TenantId, Tenant>()
  const limits = new Map<TenantId, Amounts>()
  const repairs: Repair[] = []
  const openDriver = (other: Partial<KubernetesTenancyOptions> = {}) => {
    const driver = openKubernetesTenancyDriver({
      client,
      settings,
      tenantOf: async (id) => tenants.get(id) ?? null,
      limitsOf: async (id) => limits.get(id) ?? someLimits(),
      onRepair: (repair) => void repairs.push(repair),
      log: silent,
      ...other,
    })
    return {
      ...driver,
      async ensureTenant(tenant: Tenant, until: AbortSignal) {
        tenants.set(tenant.id, tenant)
        await driver.ensureTenant(tenant, until)
        const name = namespaceOf(prefix, tenant.id)
        await client.mergePatch({ kind: kinds.namespaces, name }, { metadata: { labels } }, until)
      },
    }
  }
  const driver = openDriver()
  let count = 0
  return {
    client,
    /** Another client: what it writes, the driver learns by watching only. */
    stranger,
    settings,
    driver,
    openDriver,
    tenants,
    limits,
    repairs,
    namespaceOf: (tenant: Pick<Tenant, 'id'>) => namespaceOf(prefix, tenant.id),
    async newTenant(about: Partial<Tenant> = {}): Promise<Tenant> {
      const tenant = aTenant({ id: `ten_t${++count}` as TenantId, ...about })
      await driver.ensureTenant(tenant, signal)
      return tenant
    },
    async close() {
      await driver.close()
      await removeInstallation(client, prefix, signal)
      await Promise.all([client.close(), stranger.close()])
    },
  }
}

async function removeInstallation(
  client: KubeClient,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  const selection = { labelSelector: `${installationLabel}=${prefix}` }
  for (const kind of [
    kinds.validatingAdmissionPolicyBindings,
    kinds.validatingAdmissionPolicies,
    kinds.namespaces,
  ]) {
    const { items } = await client.list(kind, selection, signal)
    for (const { metadata } of items) await client.delete({ kind, name: metadata.name }, signal)
  }
  for (const name of [`${prefix}-system`, `${prefix}-images`])
    await client.delete({ kind: kinds.namespaces, name }, signal)
}
