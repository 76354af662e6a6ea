import type { AuditLog, Clock, Log, QuotaLedger, TenantStore } from '@leasehold/application'
import type { KubernetesPoolSettings, Repair } from '@leasehold/compute-kubernetes'
import type { ClusterPoolConfig } from '@leasehold/config'
import { type Amounts, containerIsolations, type ImageName, type PoolName } from '@leasehold/domain'
import { type ClosablePool, poolInBackground } from './pool-in-background.ts'

/** What pools need to know of tenants, and where they report what they put right. */
export type PoolRecords = {
  readonly tenants: Pick<TenantStore, 'find'>
  readonly quotas: Pick<QuotaLedger, 'list'>
  readonly audit: Pick<AuditLog, 'record'>
  readonly clock: Clock
}

/** A cluster as a pool. It opens in the background: a cluster that is down must not stop the platform. */
export function openClusterPool(
  config: ClusterPoolConfig,
  records: PoolRecords,
  log: Log,
): ClosablePool {
  const settings = settingsOf(config)
  const { name, region } = settings
  const { audit, clock } = records
  return poolInBackground({
    info: {
      name,
      region,
      driver: 'kubernetes',
      images: Object.keys(settings.images) as ImageName[],
      taskImages: Object.keys(settings.taskImages) as ImageName[],
      taskIsolations: containerIsolations(
        settings.kataRuntimeClass !== null,
        settings.tasks?.isolation,
      ),
      connects: settings.access === 'port-forward',
    },
    open: async () => {
      // Not before there is a cluster: what is loaded stays in memory.
      const { openKubernetesPool } = await import('@leasehold/compute-kubernetes')
      return openKubernetesPool({
        settings,
        log,
        clock,
        tenantOf: (id) => records.tenants.find(id),
        limitsOf: async (id) => {
          const quotas = await records.quotas.list(id)
          return Object.fromEntries(quotas.map((row) => [row.resource, row.limit])) as Amounts
        },
        onRepair: (repair) => audit.record(auditOf(repair, name, clock)),
      })
    },
    log,
    now: () => clock.now(),
  })
}

/** Names in a file are plain text; inside each has a type of its own. */
function settingsOf({ machineTypes: _, ...config }: ClusterPoolConfig): KubernetesPoolSettings {
  const wide: Omit<KubernetesPoolSettings, 'name' | BrandedKeys> &
    Pick<typeof config, BrandedKeys> = config
  return { ...wide, name: config.name as PoolName } as KubernetesPoolSettings
}
type BrandedKeys = 'images' | 'taskImages' | 'gpus' | 'taskGpus' | 'tenantStorageClasses'

function auditOf({ tenantId, object, what, paths }: Repair, pool: PoolName, clock: Clock) {
  const place = [object.namespace, object.name].filter((part) => part !== undefined).join('/')
  return {
    tenantId,
    at: clock.now(),
    actor: { kind: 'platform', id: 'tenancy' } as const,
    event: `pool.${what}`,
    subject: `${object.kind.plural} ${place}`,
    facts: { pool, fields: paths.join(', ') },
  }
}
