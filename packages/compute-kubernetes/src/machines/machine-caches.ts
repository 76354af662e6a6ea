import type { LeaseId } from '@leasehold/domain'
import { type KindInfo, kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import type { KubeObject } from '../client/kube-object.ts'
import type { WatchCache } from '../client/watch-cache.ts'
import {
  labelNames,
  leaseIdOf,
  leaseIdOfMachine,
  managedSelector,
  tenantIdOfNamespace,
} from '../object-names.ts'
import { type KubeVirtFacts, type KubeVirtObject, kubeVirtFacts } from './kubevirt-facts.ts'
import {
  claimRead,
  conditionOf,
  type DiskClaim,
  instanceRead,
  type LauncherPod,
  type MachineInstance,
  machineRead,
  podRead,
  type VirtualMachine,
} from './kubevirt-objects.ts'
import type { MachineView } from './machine-view.ts'
import type { MachineSettings } from './manifest-settings.ts'

/** What the cluster holds of every lease, followed by watches: looking costs no request. */
export type MachineCaches = {
  view(id: LeaseId): MachineView
  /** Every lease of which anything is there. */
  leases(): readonly LeaseId[]
  /** False: nothing may be concluded from what is, or is not, in them. */
  isFresh(): boolean
  synced(signal: AbortSignal): Promise<void>
  /** Null while KubeVirt's settings are not known. */
  kubeVirt(): KubeVirtFacts | null
  /** A node that does not answer, or is not there any more. */
  isNodeLost(name: string): boolean
  /** Since when, by this process, what is there of the lease has no machine; null when it has one. */
  aloneSince(id: LeaseId): number | null
  remember(machine: VirtualMachine): void
}

type NodeObject = KubeObject & {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

const byLease = 'lease'

export function openMachineCaches(
  client: KubeClient,
  settings: MachineSettings,
  news: {
    readonly onChange: (id: LeaseId) => void
    /** An object with this uid is gone for good. */
    readonly onGone: (uid: string) => void
  },
  now: () => number,
  signal: AbortSignal,
): MachineCaches {
  const leaseOf = (object: KubeObject): LeaseId | null => {
    const isOurs = tenantIdOfNamespace(settings.prefix, object.metadata.namespace ?? '') !== null
    return isOurs ? leaseIdOf(object) : null
  }
  const alone = new Map<LeaseId, number>()
  const tell = (object: KubeObject) => {
    const id = leaseOf(object)
    if (id === null) return
    const { machine, instance, claims } = view(id)
    if (machine !== null || (instance === null && claims.length === 0)) alone.delete(id)
    else if (!alone.has(id)) alone.set(id, now())
    news.onChange(id)
  }
  const labelSelector = `${managedSelector},${labelNames.pool}=${settings.name},${labelNames.lease}`
  const open = <T extends KubeObject>(kind: KindInfo, project: (object: T) => T): WatchCache<T> =>
    client.watchCache<T>(
      kind,
      {
        labelSelector,
        project,
        indexes: {
          [byLease]: (object) => {
            const id = leaseOf(object)
            return id === null ? [] : [id]
          },
        },
      },
      ({ type, object }) => {
        if (type === 'removed') news.onGone(object.metadata.uid)
        tell(object)
      },
      signal,
    )

  const machines = open<VirtualMachine>(kinds.virtualMachines, machineRead)
  const instances = open<MachineInstance>(kinds.virtualMachineInstances, instanceRead)
  const pods = open<LauncherPod>(kinds.pods, podRead)
  const claims = open<DiskClaim>(kinds.persistentVolumeClaims, claimRead)
  const ofLeases = [machines, instances, pods, claims]
  const place = openPlaceCaches(client, signal)

  const view = (id: LeaseId): MachineView => ({
    machine: ofName(machines.find(byLease, id), id),
    instance: ofName(instances.find(byLease, id), id),
    pods: pods.find(byLease, id),
    claims: claims.find(byLease, id),
  })

  return {
    view,
    leases: () => [
      ...new Set(ofLeases.flatMap((cache) => cache.list().flatMap((one) => leaseOf(one) ?? []))),
    ],
    isFresh: () => ofLeases.every((cache) => cache.isFresh()),
    async synced(until) {
      await Promise.all(ofLeases.map((cache) => cache.synced(until)))
    },
    aloneSince: (id) => alone.get(id) ?? null,
    remember: (machine) => machines.remember(machine),
    ...place,
  }
}

/** A label can be put on anything: a lease's machine also has the lease's name. */
function ofName<T extends KubeObject>(objects: readonly T[], id: LeaseId): T | null {
  return objects.find(({ metadata }) => leaseIdOfMachine(metadata.name) === id) ?? null
}

function openPlaceCaches(client: KubeClient, signal: AbortSignal) {
  const nodes = client.watchCache<NodeObject>(
    kinds.nodes,
    {
      project: ({ metadata, status }) => {
        const { name, uid, resourceVersion } = metadata
        const conditions = status?.conditions?.filter(({ type }) => type === 'Ready') ?? []
        return {
          metadata: { name, uid, resourceVersion },
          status: { conditions: conditions.map(({ type, status }) => ({ type, status })) },
        }
      },
    },
    () => {},
    signal,
  )
  const kubeVirts = client.watchCache<KubeVirtObject>(kinds.kubeVirts, {}, () => {}, signal)
  return {
    kubeVirt() {
      const [installed] = kubeVirts.list()
      return installed === undefined || !kubeVirts.isFresh() ? null : kubeVirtFacts(installed)
    },
    isNodeLost(name: string) {
      return nodes.isFresh() && conditionOf(nodes.get(null, name), 'Ready')?.status !== 'True'
    },
  }
}
