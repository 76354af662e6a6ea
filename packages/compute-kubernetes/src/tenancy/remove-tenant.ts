import { setTimeout as sleep } from 'node:timers/promises'
import type { TenantId } from '@leasehold/domain'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { labelNames, managedSelector } from '../object-names.ts'
import { type NamespaceObject, TenantHasMachines, whyItStays } from './tenancy-errors.ts'
import { removingAnnotation } from './tenant-labels.ts'
import { imageAccessSuffix } from './tenant-objects.ts'

type Client = Pick<KubeClient, 'get' | 'list' | 'delete' | 'mergePatch'>
type JobObject = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

const shortestPollMs = 100
const longestPollMs = 2_000

/**
 * Removes everything that a tenant has in the cluster, and returns when it is gone: first the right to copy golden
 * disks, which lies outside the namespace, then the namespace with all that is in it. Throws `TenantHasMachines`
 * before anything is touched, and says what holds a namespace that stays.
 */
export async function removeTenantObjects(
  client: Client,
  id: TenantId,
  namespace: NamespaceObject | null,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<void> {
  if (namespace !== null) {
    await requireNoMachines(client, id, namespace.metadata.name, signal)
    const isGoing = namespace.metadata.deletionTimestamp !== undefined
    if (!isGoing) await markRemoving(client, namespace, signal)
  }
  await removeImageAccess(client, id, signal)
  if (namespace === null) return
  await removeNamespace(client, namespace, deadlineMs, signal)
  // Another Leasehold may have taken the first removal for somebody's hand, before it saw the mark.
  await removeImageAccess(client, id, signal)
}

/** Refuses while machines exist, stopped ones too, or tasks that have not ended. */
async function requireNoMachines(
  client: Client,
  id: TenantId,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const [machines, instances, jobs] = await Promise.all([
    machinesIn(client, kinds.virtualMachines, namespace, signal),
    machinesIn(client, kinds.virtualMachineInstances, namespace, signal),
    client.list<JobObject>(kinds.jobs, { namespace }, signal),
  ])
  const tasks = jobs.items.filter((job) => !hasEnded(job))
  const held = [...machines, ...instances, ...tasks].map(({ metadata }) => metadata.name)
  if (held.length > 0) throw new TenantHasMachines(id, [...new Set(held)])
}

/**
 * Where the cluster does not know what machines are (KubeVirt was never there, was taken away, or serves another
 * version), launchers and disks speak for them.
 */
async function machinesIn(
  client: Client,
  kind: KindInfo,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly KubeObject[]> {
  try {
    return (await client.list(kind, { namespace }, signal)).items
  } catch (error) {
    if (!isKubeError(error, 'KindNotServed')) throw error
  }
  const selection = { namespace, labelSelector: labelNames.lease }
  const [pods, claims] = await Promise.all([
    client.list(kinds.pods, selection, signal),
    client.list(kinds.persistentVolumeClaims, selection, signal),
  ])
  return [...pods.items, ...claims.items]
}

/** Says on the namespace itself that it goes, so that no other Leasehold repairs it on its way out. */
function markRemoving(
  client: Client,
  namespace: KubeObject,
  signal: AbortSignal,
): Promise<KubeObject> {
  return client.mergePatch(
    { kind: kinds.namespaces, name: namespace.metadata.name },
    { metadata: { annotations: { [removingAnnotation]: 'yes' } } },
    signal,
    { resourceVersion: namespace.metadata.resourceVersion },
  )
}

/** Deletes the namespace and waits until Kubernetes has emptied and removed it. Says what holds it when it stays. */
async function removeNamespace(
  client: Client,
  namespace: KubeObject,
  deadlineMs: number,
  signal: AbortSignal,
): Promise<void> {
  const { name, uid } = namespace.metadata
  const ref: ObjectRef = { kind: kinds.namespaces, name }
  await client.delete(ref, signal, { uid })
  const until = performance.now() + deadlineMs
  for (let pollMs = shortestPollMs; ; pollMs = Math.min(pollMs * 1.5, longestPollMs)) {
    const left = await client.get<NamespaceObject>(ref, signal)
    if (left === null || left.metadata.uid !== uid) return
    if (performance.now() > until)
      throw new Error(
        `Namespace ${name} is still there ${Math.round(deadlineMs / 1_000)} s after its removal: ${whyItStays(left)}`,
      )
    await sleep(pollMs, undefined, { signal })
  }
}

/** What a tenant has outside its namespace: the right to copy golden disks. Returns when none is left. */
async function removeImageAccess(client: Client, id: TenantId, signal: AbortSignal): Promise<void> {
  const selection = { labelSelector: `${managedSelector},${labelNames.tenant}=${id}` }
  const outside = async () => {
    const { items } = await client.list(kinds.roleBindings, selection, signal)
    return items.filter(({ metadata }) => metadata.name.endsWith(imageAccessSuffix))
  }
  const items = await outside()
  for (const { metadata } of items)
    await client.delete(
      {
        kind: kinds.roleBindings,
        name: metadata.name,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      },
      signal,
      { uid: metadata.uid },
    )
  const left = (await outside()).map(({ metadata }) => `${metadata.namespace}/${metadata.name}`)
  if (left.length > 0)
    throw new Error(`Role bindings of ${id} are still there: ${left.join(', ')}. Try again.`)
}

function hasEnded({ status }: JobObject): boolean {
  return (status?.conditions ?? []).some(
    ({ type, status: is }) => is === 'True' && (type === 'Complete' || type === 'Failed'),
  )
}
