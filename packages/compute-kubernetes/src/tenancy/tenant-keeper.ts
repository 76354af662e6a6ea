import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Log } from '@leasehold/application'
import type { Amounts, Tenant, TenantId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { ObjectRef } from '../client/kube-object.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { makeObjectKeeper, type ObjectKeeper, refOf } from './object-keeper.ts'
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
const rightsHoldWithinMs = 3_000
const rightsPollMs = 50

/** Makes what a tenant, or the installation, must have, and tells what of it somebody else had changed. */
export function makeTenantKeeper(options: Options): TenantKeeper {
  const { client, settings, caches, limitsOf, quotaDeadlineMs } = options
  const keep = patiently(makeObjectKeeper(client, caches))
  const report = makeReport(options)
  const installed = installationObjects(settings)
  /** What we last made sure of. A difference from the very same is somebody's doing, not a new limit or tier. */
  const ensured = new Map<TenantId | null, string>()

  const bring = async (
    tenantId: TenantId | null,
    wanted: readonly WantedObject[],
    gone: ReadonlySet<string>,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> => {
    const before = ensured.get(tenantId)
    const now = digest(wanted)
    const written = new Set<string>()
    for (const one of wanted) {
      const object = refOf(one)
      const { what, was, paths, object: live } = await keep(one, signal)
      if (one.kind === kinds.namespaces && live.metadata.deletionTimestamp !== undefined)
        throw new NamespaceIsGoing(live)
      if (what !== 'unchanged') written.add(placeOf(object))
      const isSame = before === now
      const isUnknown = before === undefined
      if (what === 'made' && (isSame || (isUnknown && gone.has(placeOf(object)))))
        await report({ tenantId, object, what: 'recreated', paths: [] })
      if (what === 'put-right' && (isSame || (isUnknown && was === 'ours')))
        await report({ tenantId, object, what: 'changed-back', paths: paths.slice(0, mostPaths) })
    }
    ensured.set(tenantId, now)
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
    forget: (id) => void ensured.delete(id),
  }
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
