import type { TenantId } from '@leasehold/domain'
import { kinds } from '../client/kinds.ts'
import type { KubeClient } from '../client/kube-client.ts'
import { isKubeError } from '../client/kube-error.ts'
import type { KubeObject, ObjectRef } from '../client/kube-object.ts'
import { labelNames, namespaceOf } from '../object-names.ts'
import {
  groupManifest,
  groupScalerManifest,
  groupSeedManifest,
  type MachineGroupOrder,
} from './group-manifests.ts'
import { type KubeVirtObject, kubeVirtFacts } from './kubevirt-facts.ts'
import { type Condition, conditionOf } from './kubevirt-objects.ts'
import type { MachineSettings } from './manifest-settings.ts'
import { shapeRefusal } from './shape-refusal.ts'

export type GroupPlace = { readonly tenantId: TenantId; readonly name: string }

export type GroupSighting =
  | { readonly kind: 'absent' }
  | {
      readonly kind: 'present'
      readonly wanted: number
      readonly machines: number
      readonly ready: number
      /** Why it does not become what is wanted, in the pool's words; null when nothing is said. */
      readonly trouble: string | null
    }

/** Groups of like machines. Every call may be repeated. */
export type MachineGroups = {
  /**
   * Creates it, or brings it to what is ordered; machines that are there keep their shape until they are replaced.
   * @returns why it can never be, in words for the renter; null when it is ordered
   */
  ensure(order: MachineGroupOrder, signal: AbortSignal): Promise<string | null>
  /** As `kubectl scale` does. Null when there is no such group. */
  scale(group: GroupPlace, machines: number, signal: AbortSignal): Promise<'scaled' | null>
  inspect(group: GroupPlace, signal: AbortSignal): Promise<GroupSighting>
  /** Removes it with all of its machines and their disks. */
  remove(group: GroupPlace, signal: AbortSignal): Promise<void>
}

type Group = KubeObject & {
  readonly spec: { readonly replicas?: number }
  readonly status?: {
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly conditions?: readonly Condition[]
  }
}

const namePattern = /^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$/
/** Names of leases' machines: a group's must not look like one. */
const leaseName = /^(lse|tsk|ten)-/

export function makeMachineGroups(client: KubeClient, settings: MachineSettings): MachineGroups {
  const at = ({ tenantId, name }: GroupPlace): ObjectRef => ({
    kind: kinds.virtualMachinePools,
    namespace: namespaceOf(settings.prefix, tenantId),
    name,
  })
  return {
    async ensure(order, signal) {
      const refusal = await refusalOf(client, settings, order, signal)
      if (refusal !== null) return refusal
      const group = await applyGroup(client, settings, order, at(order), signal)
      const { uid } = group.metadata
      await client.apply(kinds.secrets, groupSeedManifest(order, uid, settings), signal)
      if (typeof order.size === 'number')
        await client.delete({ ...at(order), kind: kinds.horizontalPodAutoscalers }, signal)
      else {
        const scaler = groupScalerManifest(order, order.size, uid, settings)
        await client.apply(kinds.horizontalPodAutoscalers, scaler, signal)
      }
      return null
    },
    async scale(group, machines, signal) {
      try {
        const patch = { spec: { replicas: machines } }
        await client.mergePatch(at(group), patch, signal, { subresource: 'scale' })
        return 'scaled'
      } catch (error) {
        if (isKubeError(error, 'NotFound')) return null
        throw error
      }
    },
    async inspect(group, signal) {
      const seen = await client.get<Group>(at(group), signal)
      if (seen !== null) return present(seen)
      return (await hasMachines(client, at(group), signal))
        ? { kind: 'present', wanted: 0, machines: 1, ready: 0, trouble: null }
        : { kind: 'absent' }
    },
    async remove(group, signal) {
      // The scaler first: it would be asking for the group while that goes.
      await client.delete({ ...at(group), kind: kinds.horizontalPodAutoscalers }, signal)
      await client.delete(at(group), signal)
    },
  }
}

async function refusalOf(
  client: KubeClient,
  settings: MachineSettings,
  order: MachineGroupOrder,
  signal: AbortSignal,
): Promise<string | null> {
  if (!namePattern.test(order.name) || leaseName.test(order.name))
    return `"${order.name}" is no name for a group: a-z, 0-9 and -, at most 30.`
  const { items } = await client.list<KubeVirtObject>(kinds.kubeVirts, {}, signal)
  return shapeRefusal(order, settings, items[0] === undefined ? null : kubeVirtFacts(items[0]))
}

/** Where a scaler decides, the number is said once, when the group is made. */
async function applyGroup(
  client: KubeClient,
  settings: MachineSettings,
  order: MachineGroupOrder,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<Group> {
  const { size } = order
  const known = await client.get<Group>(ref, signal)
  const replicas = typeof size === 'number' ? size : null
  if (known !== null || typeof size === 'number')
    return client.apply(ref.kind, groupManifest(order, replicas, settings), signal)
  try {
    return await client.create(ref.kind, groupManifest(order, size.min, settings), signal)
  } catch (error) {
    if (!isKubeError(error, 'AlreadyExists')) throw error
    return client.apply(ref.kind, groupManifest(order, null, settings), signal)
  }
}

function present(group: Group): GroupSighting {
  const { replicas = 0, readyReplicas = 0 } = group.status ?? {}
  const failure = conditionOf(group, 'ReplicaFailure')
  return {
    kind: 'present',
    wanted: group.spec.replicas ?? 1,
    machines: replicas,
    ready: readyReplicas,
    trouble: failure?.status === 'True' ? (failure.message ?? failure.reason ?? '') : null,
  }
}

async function hasMachines(
  client: KubeClient,
  { namespace = '', name }: ObjectRef,
  signal: AbortSignal,
): Promise<boolean> {
  const labelSelector = `${labelNames.machineGroup}=${name}`
  for (const kind of [kinds.virtualMachines, kinds.pods, kinds.persistentVolumeClaims]) {
    const { items } = await client.list(kind, { namespace, labelSelector }, signal)
    if (items.length > 0) return true
  }
  return false
}
