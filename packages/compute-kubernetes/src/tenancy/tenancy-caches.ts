import { createHash } from 'node:crypto'
import type { Log } from '@leasehold/application'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import type { WatchCache } from '../client/watch-cache.ts'
import { labelNames, managedSelector } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { installationLabel } from './tenant-labels.ts'

/** Everything that tenancy makes, as the cluster has it. */
export type TenancyCaches = {
  /** Null when the cluster has no such object, or none with our labels. */
  read(ref: ObjectRef): KubeObject | null
  /** Whether `read` of this kind may be believed. */
  isFresh(kind: KindInfo): boolean
  /** Everything of one tenant, by label. */
  ofTenant(tenantId: string): readonly ObjectRef[]
}

const tenancyKinds = [
  kinds.namespaces,
  kinds.resourceQuotas,
  kinds.limitRanges,
  kinds.networkPolicies,
  kinds.serviceAccounts,
  kinds.roles,
  kinds.roleBindings,
  kinds.validatingAdmissionPolicies,
  kinds.validatingAdmissionPolicyBindings,
]

/**
 * Follows the objects of one installation. `onChange` hears of every change in what an object says, not of its
 * status, once the first list of its kind is in.
 */
export function openTenancyCaches(
  client: Pick<KubeClient, 'watchCache'>,
  settings: Pick<KubernetesPoolSettings, 'prefix' | 'kueueClusterQueue'>,
  onChange: (kind: KindInfo, object: KubeObject, isGone: boolean) => void,
  log: Log,
  signal: AbortSignal,
): TenancyCaches {
  const followed =
    settings.kueueClusterQueue === null ? tenancyKinds : [...tenancyKinds, kinds.localQueues]
  const labelSelector = `${managedSelector},${installationLabel}=${settings.prefix}`
  const caches = new Map<KindInfo, WatchCache<KubeObject>>()
  const seen = new Map<string, string>()

  const note = (kind: KindInfo, object: KubeObject, isGone: boolean) => {
    const { uid } = object.metadata
    const said = isGone ? null : fingerprint(object)
    if (said !== null && seen.get(uid) === said) return
    if (said === null) seen.delete(uid)
    else seen.set(uid, said)
    if (!(caches.get(kind)?.isSynced() ?? false)) return
    try {
      onChange(kind, object, isGone)
    } catch (error) {
      log.error({ err: error, kind: kind.kind }, 'a change in the cluster was not looked at')
    }
  }
  for (const kind of followed)
    caches.set(
      kind,
      client.watchCache(
        kind,
        {
          labelSelector,
          project: withoutStatus,
          indexes: { tenant: ({ metadata }) => [metadata.labels?.[labelNames.tenant] ?? ''] },
        },
        ({ type, object }) => note(kind, object, type === 'removed'),
        signal,
      ),
    )

  return {
    read: ({ kind, namespace, name }) => caches.get(kind)?.get(namespace ?? null, name) ?? null,
    isFresh: (kind) => caches.get(kind)?.isFresh() ?? false,
    ofTenant: (tenantId) =>
      [...caches].flatMap(([kind, cache]) =>
        cache.find('tenant', tenantId).map(({ metadata: { namespace, name } }) => ({
          kind,
          name,
          ...(namespace === undefined ? {} : { namespace }),
        })),
      ),
  }
}

function withoutStatus(object: KubeObject): KubeObject {
  const { managedFields: _, ...metadata } = object.metadata as KubeObject['metadata'] & {
    managedFields?: unknown
  }
  const { status: __, ...rest } = object as KubeObject & { status?: unknown }
  return { ...rest, metadata }
}

function fingerprint(object: KubeObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  return createHash('sha256')
    .update(JSON.stringify({ ...object, metadata }))
    .digest('base64')
    .slice(0, 16)
}
