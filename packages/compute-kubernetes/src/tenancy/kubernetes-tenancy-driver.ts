import type { Log, TenancyDriver } from '@leasehold/application'
import type { Amounts, Tenant, TenantId } from '@leasehold/domain'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject } from '../client/kube-object.ts'
import { labelNames, namespaceOf, tenantIdOfNamespace } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { checkTenancySettings } from './check-settings.ts'
import { removeTenantObjects } from './remove-tenant.ts'
import { makeRepairQueue } from './repair-queue.ts'
import { openTenancyCaches, type TenancyCaches } from './tenancy-caches.ts'
import { NamespaceIsForeign, NamespaceIsGoing, type NamespaceObject } from './tenancy-errors.ts'
import { makeTenantKeeper, placeOf, type Repair, type TenantKeeper } from './tenant-keeper.ts'
import { installationLabel, removingAnnotation, revisionAnnotation } from './tenant-labels.ts'
import { makeTenantLocks } from './tenant-locks.ts'

export type KubernetesTenancyOptions = {
  readonly client: KubeClient
  readonly settings: KubernetesPoolSettings
  /** For repairs, which begin with what happened in the cluster. Null: Leasehold has no such tenant (any more). */
  readonly tenantOf: (id: TenantId) => Promise<Tenant | null>
  /** The tenant's limits in Leasehold; its quota here follows them. */
  readonly limitsOf: (id: TenantId) => Promise<Amounts>
  /** Told of each repair; wiring writes it to the audit log. What it throws is logged and changes nothing. */
  readonly onRepair: (repair: Repair) => void | Promise<void>
  readonly log: Log
  /** How long Kubernetes may take to enforce a new quota, and to remove a namespace. */
  readonly quotaDeadlineMs?: number
  readonly removalDeadlineMs?: number
  /** How long after a change by hand it is looked at. */
  readonly settleMs?: number
}

/** In the repair queue: what belongs to the installation as a whole. No tenant has this id. */
const installation = 'installation'

/**
 * Keeps, for each tenant, a namespace and everything in it that bounds the tenant; and, once per cluster, the
 * admission policies of the tiers. What is deleted or edited by hand is seen by watching, put right within seconds,
 * and reported. Throws for settings that would leave tenants open.
 */
export function openKubernetesTenancyDriver(
  options: KubernetesTenancyOptions,
): TenancyDriver & { close(): Promise<void> } {
  const { client, settings, log } = options
  const { quotaDeadlineMs = 30_000, removalDeadlineMs = 120_000, settleMs = 300 } = options
  checkTenancySettings(settings)
  const closing = new AbortController()
  const removed = new Set<TenantId>()
  const queue = makeRepairQueue({
    log,
    signal: closing.signal,
    settleMs,
    repair: (key, gone, signal) => repair(key, gone, signal),
  })
  const caches = openTenancyCaches(
    client,
    settings,
    (kind, object, isGone) => {
      const owner = ownerOf(kind, object, settings.prefix)
      keeper.touch(owner === installation ? null : owner)
      if (isGone && isMarkedRemoving(object) && owner !== installation) removed.add(owner)
      queue.add(owner, isGone ? placeOf({ kind, ...object.metadata }) : undefined)
    },
    log,
    closing.signal,
  )
  const keeper = makeTenantKeeper({ ...options, caches, quotaDeadlineMs })
  const steps = makeSteps({ options, caches, keeper, removed, removalDeadlineMs })
  const repair = (key: string, gone: ReadonlySet<string>, signal: AbortSignal) =>
    key === installation
      ? steps.ensureInstallation(gone, signal)
      : steps.repairTenant(key as TenantId, gone, signal)

  return {
    ensureTenant: steps.ensureTenant,
    removeTenant: steps.removeTenant,
    inspectTenant: steps.inspectTenant,
    async close() {
      closing.abort()
      await queue.idle()
    },
  }
}

type Parts = {
  readonly options: KubernetesTenancyOptions
  readonly caches: TenancyCaches
  readonly keeper: TenantKeeper
  /** Tenants that this process removed, or saw another one remove: what is missing of them stays missing. */
  readonly removed: Set<TenantId>
  readonly removalDeadlineMs: number
}

/** What the driver does for one tenant, one thing at a time. */
function makeSteps({ options, caches, keeper, removed, removalDeadlineMs }: Parts) {
  const { client, settings, tenantOf, log } = options
  const locks = makeTenantLocks()
  const refOfNamespace = (id: TenantId) => ({
    kind: kinds.namespaces,
    name: namespaceOf(settings.prefix, id),
  })
  const findNamespace = async (id: TenantId, signal: AbortSignal) =>
    client.get<NamespaceObject>(refOfNamespace(id), signal)
  const findOurNamespace = async (id: TenantId, signal: AbortSignal) => {
    const namespace = await findNamespace(id, signal)
    if (namespace !== null && !isOurs(namespace, settings))
      throw new NamespaceIsForeign(namespace.metadata.name)
    return namespace
  }
  const ensureInstallation = (gone: ReadonlySet<string>, signal: AbortSignal) =>
    locks.withLock(installation, signal, () => keeper.ensureInstallation(gone, signal))
  const ensure = async (tenant: Tenant, gone: ReadonlySet<string>, signal: AbortSignal) => {
    const ref = refOfNamespace(tenant.id)
    const known = caches.isFresh(ref.kind) ? caches.read(ref) : null
    const namespace = known ?? (await findOurNamespace(tenant.id, signal))
    if (namespace?.metadata.deletionTimestamp !== undefined)
      throw new NamespaceIsGoing((await findNamespace(tenant.id, signal)) ?? namespace)
    await ensureInstallation(new Set(), signal)
    await keeper.ensureTenant(tenant, gone, signal)
  }

  return {
    ensureInstallation,
    ensureTenant: (tenant: Tenant, signal: AbortSignal) =>
      locks.withLock(tenant.id, signal, () => {
        removed.delete(tenant.id)
        return ensure(tenant, new Set(), signal)
      }),
    repairTenant: (id: TenantId, gone: ReadonlySet<string>, signal: AbortSignal) =>
      locks.withLock(id, signal, async () => {
        const tenant = await tenantOf(id)
        const ref = refOfNamespace(id)
        const known = caches.isFresh(ref.kind) ? caches.read(ref) : null
        const namespace =
          gone.size === 0 && known !== null ? known : await findNamespace(id, signal)
        if (namespace === null && caches.read(ref) !== null)
          throw new Error('the watch has not seen yet how the namespace went')
        const isRemoved = namespace === null ? removed.has(id) : isMarkedRemoving(namespace)
        if (tenant === null || isRemoved) keeper.forget(id)
        else await ensure(tenant, gone, signal)
      }),
    removeTenant: (id: TenantId, signal: AbortSignal) =>
      locks.withLock(id, signal, async () => {
        const namespace = await findOurNamespace(id, signal)
        keeper.forget(id)
        await removeTenantObjects(client, id, namespace, removalDeadlineMs, signal)
        removed.add(id)
        log.info({ tenantId: id }, 'tenant removed from pool')
      }),
    async inspectTenant(id: TenantId, signal: AbortSignal) {
      try {
        const namespace = await findNamespace(id, signal)
        if (namespace === null || !isOurs(namespace, settings)) return 'absent'
        return namespace.metadata.deletionTimestamp === undefined ? 'present' : 'unknown'
      } catch (error) {
        log.warn({ err: error, tenantId: id }, 'a tenant could not be inspected')
        return 'unknown'
      }
    },
  } as const
}

/** Whose object it is. Labels may have been edited away: namespaces tell by their names. */
function ownerOf(
  { namespaced }: KindInfo,
  { metadata: { name, namespace, labels } }: KubeObject,
  prefix: string,
): TenantId | typeof installation {
  const place = namespaced ? (namespace ?? '') : name
  const label = labels?.[labelNames.tenant] as TenantId | undefined
  return tenantIdOfNamespace(prefix, place) ?? label ?? installation
}

function isMarkedRemoving({ metadata }: KubeObject): boolean {
  return metadata.annotations?.[removingAnnotation] === 'yes'
}

/** One of our marks is enough: somebody may have taken another away. */
function isOurs({ metadata }: KubeObject, { prefix }: KubernetesPoolSettings): boolean {
  return (
    metadata.labels?.[installationLabel] === prefix ||
    metadata.annotations?.[revisionAnnotation] !== undefined
  )
}
