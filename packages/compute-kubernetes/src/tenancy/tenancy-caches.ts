import { createHash } from 'node:crypto'
import type { Log } from '@leasehold/application'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import type { WatchCache } from '../client/watch-cache.ts'
import { managedSelector } from '../object-names.ts'
import type { KubernetesPoolSettings } from '../pool-settings.ts'
import { installationLabel } from './tenant-labels.ts'

/** Everything that tenancy makes, as the cluster has it. */
export type TenancyCaches = {
  /** Null when the cluster has no such object, or none with our labels. */
  read(ref: ObjectRef): KubeObject | null
  /** Whether `read` of this kind may be believed. */
  isFresh(kind: KindInfo): boolean
  areAllFresh(): boolean
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
  const project = makeProject()

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
          project,
        },
        ({ type, object }) => note(kind, object, type === 'removed'),
        signal,
      ),
    )

  return {
    read: ({ kind, namespace, name }) => caches.get(kind)?.get(namespace ?? null, name) ?? null,
    isFresh: (kind) => caches.get(kind)?.isFresh() ?? false,
    areAllFresh: () => [...caches.values()].every((cache) => cache.isFresh()),
  }
}

/**
 * Keeps of an object its name, labels and annotations, and what it says. Most tenants' objects say the same, so equal
 * bodies are kept once: 10,000 tenants have 110,000 objects.
 */
function makeProject(): (object: KubeObject) => KubeObject {
  const bodies = new Map<string, object>()
  return (object) => {
    const {
      apiVersion,
      kind,
      metadata,
      status: _,
      ...body
    } = object as KubeObject & {
      status?: unknown
    }
    const text = JSON.stringify(body)
    const known = bodies.get(text) ?? body
    bodies.delete(text)
    bodies.set(text, known)
    const [oldest] = bodies.keys()
    if (bodies.size > mostBodies && oldest !== undefined) bodies.delete(oldest)
    const { name, namespace, uid, resourceVersion, labels, annotations, deletionTimestamp } =
      metadata
    return {
      ...known,
      metadata: {
        name,
        uid,
        resourceVersion,
        ...(namespace === undefined ? {} : { namespace }),
        ...(labels === undefined ? {} : { labels }),
        ...(annotations === undefined ? {} : { annotations }),
        ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }),
      },
    }
  }
}

const mostBodies = 2_000

function fingerprint(object: KubeObject): string {
  const { resourceVersion: _, ...metadata } = object.metadata
  return createHash('sha256')
    .update(JSON.stringify({ ...object, metadata }))
    .digest('base64')
    .slice(0, 16)
}
