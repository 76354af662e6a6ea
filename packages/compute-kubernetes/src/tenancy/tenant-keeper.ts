import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@leasehold/application'
import type { Amounts, Tenant, TenantId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { ObjectRef } from '../client/kube-object.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { type Kept, makeObjectKeeper, type ObjectKeeper, refOf } from './object-keeper.ts'
import type { TenancyCaches } from './tenancy-caches.ts'
import { NamespaceIsGoing } from './tenancy-errors.ts'
import { installationObjects, tenantObjects, type WantedObject } from './tenant-objects.ts'
import { waitForQuota } from './wait-for-quota.ts'

/** Something that a stranger's hand had deleted or changed, and that is as it must be again. */
export type Repair = {
  /** Null for what belongs to the installation as a whole: admission policies, roles beside golden disks. */
  readonly tenantId: TenantId | null
  readonly object: ObjectRef
  readonly what: 'recreated' | 'changed-back'
  /** Which fields had been changed, at most ten. */
  readonly paths: readonly string[]
}

export type TenantKeeper = {
  /** `gone`: places of objects that were seen to go, which is somebody's doing even if we never made sure of them. */
  ensureTenant(tenant: Tenant, gone: ReadonlySet<string>, signal: AbortSignal): Promise<void>
  ensureInstallation(gone: ReadonlySet<string>, signal: AbortSignal): Promise<void>
  /** Something of it changed in the cluster (null: of the installation): it is looked at again. */
  touch(owner: TenantId | null): void
  /** The tenant goes, or is gone: what is made for it next is no repair. */
  forget(id: TenantId): void
}

type Options = {
  readonly client: KubeClient
  readonly settings: KubernetesPoolSettings
  readonly caches: TenancyCaches
  readonly limitsOf: (id: TenantId) => Promise<Amounts>
  readonly onRepair: (repair: Repair) => void | Promise<void>
  readonly log: Log
  readonly quotaDeadlineMs: number
}

const mostPaths = 10
const rightsHoldWithinMs = 10_000
const rightsPollMs = 50

/** Makes what a tenant, or the installation, must have, and tells what of it somebody else had changed. */
export function makeTenantKeeper(options: Options): TenantKeeper {
  const { client, settings, caches, limitsOf, quotaDeadlineMs } = options
  const keep = patiently(makeObjectKeeper(client, caches))
  const report = makeReport(options)
  const installed = installationObjects(settings)
  /** What we last made sure of. A difference from the very same is somebody's doing, not a new limit or tier. */
  const ensured = new Map<TenantId | null, string>()
  const touched = new Set<TenantId | null>()

  const bring = async (
    tenantId: TenantId | null,
    wanted: readonly WantedObject[],
    gone: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> => {
    const before = ensured.get(tenantId)
    const now = digest(wanted)
    const wasFresh = caches.areAllFresh()
    if (before === now && !touched.delete(tenantId) && wasFresh) return new Set()
    const written = new Set<string>()
    try {
      for (const one of wanted) {
        const object = refOf(one)
        const kept = await keep(one, signal)
        if (one.kind === kinds.namespaces && kept.object.metadata.deletionTimestamp !== undefined)
          throw new NamespaceIsGoing(kept.object)
        if (kept.what !== 'unchanged') written.add(placeOf(object))
        const wasGone = gone.has(placeOf(object))
        const repair = repairOf(kept, before === undefined ? null : before === now, wasGone)
        if (repair !== null) await report({ tenantId, object, ...repair })
      }
    } catch (error) {
      touched.add(tenantId)
      throw error
    }
    ensured.set(tenantId, now)
    // Without fresh caches nothing told of what changed meanwhile.
    if (!wasFresh) touched.add(tenantId)
    return written
  }

  return {
    async ensureTenant(tenant, gone, signal) {
      const wanted = tenantObjects(tenant, await limitsOf(tenant.id), settings)
      const written = await bring(tenant.id, wanted, gone, signal)
      for (const ref of wanted.map(refOf))
        if (ref.kind === kinds.resourceQuotas && written.has(placeOf(ref)))
          await waitForQuota(client, ref, quotaDeadlineMs, signal)
    },
    async ensureInstallation(gone, signal) {
      await bring(null, installed, gone, signal)
    },
    touch: (owner) => void touched.add(owner),
    forget(id) {
      ensured.delete(id)
      touched.delete(id)
    },
  }
}

/**
 * Whether somebody else had changed what was kept. `isSame`: we had made sure of the very same before; null: of nothing
 * yet, as at the start of the process. Otherwise the tenant has new limits or a new tier, or a release was upgraded.
 */
function repairOf(
  { what, was, paths }: Kept,
  isSame: boolean | null,
  wasGone: boolean,
): Pick<Repair, 'what' | 'paths'> | null {
  if (what === 'made' && (isSame ?? wasGone)) return { what: 'recreated', paths: [] }
  if (what === 'put-right' && (isSame ?? was === 'ours'))
    return { what: 'changed-back', paths: paths.slice(0, mostPaths) }
  return null
}

/** An object's place in words: `NetworkPolicy lh-ten-acme/leasehold-to-dns`. */
export function placeOf({ kind, namespace, name }: ObjectRef): string {
  return `${kind.kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`
}

/**
 * The rights in a namespace take a moment to hold after their binding was made: until then what needs them is
 * refused with 403. A refusal for another reason (quota, policy) is no matter of time, and told once that is over.
 */
function patiently(keep: ObjectKeeper): ObjectKeeper {
  return async (wanted, signal) => {
    const until = performance.now() + rightsHoldWithinMs
    for (;;)
      try {
        return await keep(wanted, signal)
      } catch (error) {
        const mayPass = isKubeError(error, 'Forbidden') && performance.now() < until
        if (!mayPass) throw error
        await sleep(rightsPollMs, undefined, { signal })
      }
  }
}

function makeReport({ onRepair, log }: Pick<Options, 'onRepair' | 'log'>) {
  return async (repair: Repair) => {
    const { tenantId, object, what, paths } = repair
    log.warn(
      { tenantId, object: placeOf(object), what, paths },
      'repaired what was changed by hand',
    )
    try {
      await onRepair(repair)
    } catch (error) {
      log.error({ err: error, tenantId, object: placeOf(object) }, 'a repair was not audited')
    }
  }
}

function digest(wanted: readonly WantedObject[]): string {
  const text = JSON.stringify(wanted.map(({ manifest }) => manifest))
  return createHash('sha256').update(text).digest('base64')
}
